"""The commands that change environments, each a function of a session and its arguments.

Owns what each of them asks for, and what people are told of the outcome. Each goes through the one
runner of :mod:`pinfold.core.environments.operations.runner`, as the command line does, and needs
trust. What an installer reads is on disk, and so that is what is read here, whatever is open.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pinfold.core.environments.operations.prepared import managed_project_of
from pinfold.core.environments.operations.requests import (
    Create,
    Install,
    Rebuild,
    Remove,
    Sync,
    Undo,
    Uninstall,
    Upgrade,
)
from pinfold.core.environments.operations.runner import Outcome, Result
from pinfold.core.environments.planning.upgrading import Level
from pinfold.features.operations import outcome_json
from pinfold.features.projects import usual_files
from pinfold.lsp.command_places import NoEnvironment, as_path, ask_machine, written
from pinfold.lsp.commands import BadArguments, CommandFailed
from pinfold.lsp.operation_outcomes import choose_if_not_found, run_and_tell
from pinfold.lsp.operation_questions import (
    USUAL_FILE,
    USUAL_PLACE,
    ask_files,
    ask_installed,
    ask_place,
    ask_python,
    ask_requirements,
    ask_whether_to_install,
    asked_in_turn,
    is_taken,
)
from pinfold.lsp.operation_scene import (
    Scene,
    changed_last,
    named_prefix,
    needed_prefix,
    paths_of,
    prefix_at,
    prefix_or_wish,
    refuse_for_manager,
    scene_of,
    text_of,
    texts_of,
)
from pinfold.lsp.requirements_files import requirements_files
from pinfold.lsp.transport import in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pinfold.lsp.commands import Arguments, Handler, Session


async def create_environment(session: Session, arguments: Arguments) -> object:
    """Make an environment."""
    scene = await scene_of(session, arguments)
    return _declined() if scene is None else await _create(scene, arguments)


async def _create(scene: Scene, arguments: Arguments) -> object:
    folder = scene.folder
    named = arguments.get("path")
    prefix = folder / USUAL_PLACE if named is None else as_path(named)
    is_over = arguments.get("over") is True
    python = text_of(arguments, "python") or await _python_of(scene, arguments)
    packages = texts_of(arguments, "packages") or ()
    files = paths_of(arguments, "requirements")
    wants_files = arguments.get("install")
    questions: list[Callable[[bool], Awaitable[object]]] = []
    has_place = is_over or scene.agrees or not await in_thread(partial(is_taken, prefix))

    async def place(can_go_back: bool) -> object:
        nonlocal prefix, is_over
        asked_of = folder / USUAL_PLACE if named is None else as_path(named)
        answer = await ask_place(scene.conversation, scene.place, asked_of, can_go_back=can_go_back)
        if isinstance(answer, tuple):
            prefix, is_over = answer
        return answer

    async def interpreter(can_go_back: bool) -> object:
        nonlocal python
        answer = await ask_python(
            scene.session, scene.machine, scene.bench, scene.place, can_go_back=can_go_back
        )
        if isinstance(answer, str):
            python = answer
        return answer

    found: tuple[Path, ...] = ()
    if files is None and wants_files is not False and not packages:
        found = await in_thread(partial(requirements_files, folder, scene.snapshot))

    async def contents(can_go_back: bool) -> object:
        nonlocal files
        answer = await ask_whether_to_install(
            scene.conversation, found, folder, can_go_back=can_go_back
        )
        if isinstance(answer, tuple):
            files = answer
        return answer

    if not has_place:
        questions.append(place)
    if python is None and not scene.agrees:
        questions.append(interpreter)
    usual = usual_files(found)
    if usual and (scene.agrees or wants_files is True):
        files = usual
    elif found and (not scene.agrees or wants_files is True):
        questions.append(contents)
    manager = await in_thread(partial(managed_project_of, prefix, scene.bench.filesystem))
    if manager is not None and has_place:
        # It will be refused, whatever the answers.
        questions.clear()
    if not await asked_in_turn(questions):
        return _declined()
    request = Create(
        folder=folder,
        prefix=prefix,
        python=python,
        prompt=text_of(arguments, "prompt"),
        files=files or (),
        requirements=packages,
        is_over=is_over,
    )
    said = ["env", "create", str(prefix), *(["--python", python] if python else [])]
    said += [*_said_files(files or ()), *(f"--install={text}" for text in packages)]
    outcome = await run_and_tell(scene, request, said, files or (), save=_save(arguments))
    if outcome.result is Result.DONE:
        await choose_if_not_found(scene, prefix)
    return outcome_json(outcome, written)


async def _python_of(scene: Scene, arguments: Arguments) -> str | None:
    """Return the interpreter of the environment that was named to make one like it, if one was."""
    named = arguments.get("environment")
    if named is None:
        return None
    found = await ask_machine(partial(scene.machine.identified, as_path(named)))
    # What is made from an environment's own goes when that goes.
    executable = found.executable if found.is_base else found.real_executable or found.executable
    if executable is None:
        raise CommandFailed(f"there is no interpreter in {found.prefix}")
    return str(executable)


async def remove_environment(session: Session, arguments: Arguments) -> object:
    """Take an environment away."""
    scene = await scene_of(session, arguments)
    if scene is None:
        return _declined()
    prefix = await named_prefix(scene, arguments)
    request = Remove(folder=scene.folder, prefix=prefix, workspaces=session.documents.roots)
    return outcome_json(await run_and_tell(scene, request, ["env", "remove", str(prefix)]), written)


async def rebuild_environment(session: Session, arguments: Arguments) -> object:
    """Make an environment anew, with the same packages."""
    scene = await scene_of(session, arguments)
    if scene is None:
        return _declined()
    prefix = await named_prefix(scene, arguments)
    python = text_of(arguments, "python")
    # Heeded only where nobody can read what is installed: the project's, which it stands in.
    files = await _usual_file(prefix.parent) or await _usual_file(scene.folder)
    request = Rebuild(folder=scene.folder, prefix=prefix, python=python, files=files)
    said = ["env", "rebuild", str(prefix), *(["--python", python] if python else [])]
    return outcome_json(await run_and_tell(scene, request, said), written)


async def install_requirements(session: Session, arguments: Arguments) -> object:
    """Install what requirements files ask for."""
    scene = await scene_of(session, arguments)
    files = None if scene is None else await _files(scene, arguments, "Install Requirements")
    if scene is None or files is None:
        return _declined()
    prefix = await prefix_or_wish(scene, arguments, files=files)
    if not isinstance(prefix, Path):
        return await _created(scene, prefix, {"requirements": files})
    request = Install(folder=scene.folder, prefix=prefix, files=files)
    outcome = await run_and_tell(scene, request, ["install", *_said_files(files)], files)
    return outcome_json(outcome, written)


async def install_packages(session: Session, arguments: Arguments) -> object:
    """Install packages, and maybe write them into a file."""
    scene = await scene_of(session, arguments)
    if scene is None:
        return _declined()
    texts, editables = texts_of(arguments, "packages"), texts_of(arguments, "editables") or ()
    if not texts and not editables:
        texts = await ask_requirements(scene.conversation)
        if texts is None:
            return _declined()
    texts = texts or ()
    prefix = await prefix_or_wish(scene, arguments, texts)
    if not isinstance(prefix, Path):
        if editables:
            raise NoEnvironment(scene.place.selection)
        saved = {"save": arguments["save"]} if "save" in arguments else {}
        return await _created(scene, prefix, {"packages": texts, "install": False, **saved})
    request = Install(folder=scene.folder, prefix=prefix, requirements=texts, editables=editables)
    said = ["install", *texts, *(f"--editable={text}" for text in editables)]
    outcome = await run_and_tell(scene, request, said, save=_save(arguments))
    return outcome_json(outcome, written)


async def uninstall_packages(session: Session, arguments: Arguments) -> object:
    """Take packages away, and maybe out of a file."""
    scene = await scene_of(session, arguments)
    if scene is None:
        return _declined()
    prefix = await needed_prefix(scene, arguments)
    names = texts_of(arguments, "packages")
    if not names:
        names = await _asked_packages(scene, prefix, "Uninstall Packages", offers_all=False)
        if not names:
            return _declined()
    files = await _usual_file(scene.folder)
    with_unused = arguments.get("withUnused") is True
    request = Uninstall(
        folder=scene.folder, prefix=prefix, names=names, with_unused=with_unused, files=files
    )
    said = ["uninstall", *names, *(["--with-unused"] if with_unused else [])]
    outcome = await run_and_tell(scene, request, said, files, save=_save(arguments))
    return outcome_json(outcome, written)


async def upgrade_packages(session: Session, arguments: Arguments) -> object:
    """Install newer versions of packages."""
    scene = await scene_of(session, arguments)
    if scene is None:
        return _declined()
    level = text_of(arguments, "level") or Level.MAJOR.value
    if level not in [known.value for known in Level]:
        raise BadArguments("`level` is patch, minor or major")
    prefix = await needed_prefix(scene, arguments)
    names = texts_of(arguments, "packages")
    if names is None and not scene.agrees:
        names = await _asked_packages(scene, prefix, "Upgrade Packages", offers_all=True)
        if names is None:
            return _declined()
    names = names or ()
    files = await _usual_file(scene.folder)
    request = Upgrade(
        folder=scene.folder, prefix=prefix, names=names, level=Level(level), files=files
    )
    said = ["upgrade", *names, f"--level={level}"]
    return outcome_json(await run_and_tell(scene, request, said, files), written)


async def sync_environment(session: Session, arguments: Arguments) -> object:
    """Have installed what files ask for, and nothing else."""
    scene = await scene_of(session, arguments)
    files = None if scene is None else await _files(scene, arguments, "Sync Environment")
    if scene is None or files is None:
        return _declined()
    prefix = await prefix_or_wish(scene, arguments)
    if not isinstance(prefix, Path):
        return await _created(scene, prefix, {"requirements": files})
    request = Sync(folder=scene.folder, prefix=prefix, files=files)
    outcome = await run_and_tell(scene, request, ["sync", *map(str, files)], files)
    return outcome_json(outcome, written)


async def undo(session: Session, arguments: Arguments) -> object:
    """Take a change back."""
    scene = await scene_of(session, arguments)
    if scene is None:
        return _declined()
    is_redo = arguments.get("redo") is True
    named = arguments.get("environment")
    # It need not be there any more, and so is nothing that could be recognised.
    prefix = None if named is None else await in_thread(partial(prefix_at, as_path(named)))
    if prefix is None:
        prefix = await in_thread(partial(changed_last, scene.bench, scene.place, is_redo=is_redo))
    if prefix is None:
        raise CommandFailed(f"nothing was changed in the environments of {scene.place.project}")
    entry = text_of(arguments, "id")
    request = Undo(folder=scene.folder, prefix=prefix, is_redo=is_redo, entry=entry)
    said = ["undo", *([entry] if entry else []), *(["--redo"] if is_redo else [])]
    return outcome_json(await run_and_tell(scene, request, said), written)


HANDLERS: Mapping[str, Handler] = {
    "pinfold.createEnvironment": create_environment,
    "pinfold.removeEnvironment": remove_environment,
    "pinfold.rebuildEnvironment": rebuild_environment,
    "pinfold.installRequirements": install_requirements,
    "pinfold.installPackages": install_packages,
    "pinfold.uninstallPackages": uninstall_packages,
    "pinfold.upgradePackages": upgrade_packages,
    "pinfold.syncEnvironment": sync_environment,
    "pinfold.undo": undo,
}


async def _created(scene: Scene, is_wanted: bool, arguments: Arguments) -> object:
    return await _create(scene, arguments) if is_wanted else _declined()


async def _files(scene: Scene, arguments: Arguments, title: str) -> tuple[Path, ...] | None:
    named = paths_of(arguments, "files")
    if named:
        return named
    found = await in_thread(partial(requirements_files, scene.folder, scene.snapshot))
    if not found:
        await refuse_for_manager(scene)
        raise CommandFailed(f"there is no requirements file in {scene.folder}")
    if len(found) == 1:
        return found
    usual = usual_files(found)
    if scene.agrees and usual:
        return usual
    chosen = await ask_files(
        scene.conversation, found, scene.folder, title=title, argument="files", usual=usual
    )
    return chosen if isinstance(chosen, tuple) and chosen else None


async def _usual_file(folder: Path) -> tuple[Path, ...]:
    path = folder / USUAL_FILE
    return (path,) if await in_thread(path.is_file) else ()


async def _asked_packages(
    scene: Scene, prefix: Path, title: str, *, offers_all: bool
) -> tuple[str, ...] | None:
    installed = await in_thread(partial(scene.bench.installed, prefix))
    if installed is None:
        raise CommandFailed(f"what is installed in {prefix} cannot be read")
    return await ask_installed(scene.conversation, installed, title, offers_all=offers_all)


def _save(arguments: Arguments) -> Path | None:
    return as_path(arguments["save"]) if "save" in arguments else None


def _declined() -> object:
    return outcome_json(Outcome(Result.DECLINED), written)


def _said_files(files: Sequence[Path]) -> list[str]:
    return [f"--requirement={file}" for file in files]
