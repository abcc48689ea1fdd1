-- Pinfold in Neovim, 0.7 and newer: the language server, its commands, its pickers, a status line.
--
--   require('pinfold').setup()          in init.lua, with this file as lua/pinfold.lua
--   :Pinfold                            choose a command
--   :Pinfold installPackages flask      run one; `name=value` gives it an argument
--   %{v:lua.require'pinfold'.status()}  in 'statusline'

local M = {}

local NAME = 'pinfold'
local FILETYPE = 'requirements'
local PATTERNS = {
  '*requirements*.txt', '*requirements*.in', '*constraints*.txt', '*constraints*.in',
  '*/requirements/*.txt', '*/requirements/*.in', '*/constraints/*.txt', '*/constraints/*.in',
}
local ROOT_MARKERS = { 'pinfold.toml', 'pyproject.toml', 'setup.py', '.git' }
-- Arguments that are lists even where there is but one.
local LISTS = { packages = true, editables = true, files = true, requirements = true }
-- How long a picker waits for items that are still looked for. What comes later is behind "More …".
local LATE_ITEMS_MS = 1000

local config = { cmd = { 'pinfold', 'server' } }
local environments = {} -- What `pinfold/environmentChanged` said last, by folder.
local progress = {} -- What is under way, by token.
local pickers = {} -- Those that are open, by their ids.
local started = {} -- Clients by the roots that they were started for.
local waiting = {} -- What is to be done once a client has started, by its id.

-- Waiting for a person. Handlers of requests run in a coroutine, which is left until there is an
-- answer. Those of Neovim 0.7 do not, and so its pickers have to block, as the built-in ones do.
local function await(start)
  local thread, is_main = coroutine.running()
  local is_over, is_left, answer = false, false, nil
  start(function(value)
    if is_over then return end
    is_over, answer = true, value
    if is_left then assert(coroutine.resume(thread)) end
  end)
  if is_over then return answer end
  if thread and not is_main then
    is_left = true
    coroutine.yield()
  else
    vim.wait(2 ^ 30, function() return is_over end, 20)
  end
  return answer
end

local function select(items, prompt, format)
  return await(function(done)
    vim.ui.select(items, { prompt = prompt, format_item = format, kind = NAME }, done)
  end)
end

local function notify(message, level)
  vim.notify(message, level or vim.log.levels.INFO, { title = 'Pinfold' })
end

-- A window with text in it, below. Returns what closes it. A prompt that is asked then covers rows
-- of it, at its end; what has no room above them is shown page by page first.
local function show(name, text, prompt_rows)
  vim.cmd('botright new')
  local buffer, window = vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_win()
  local lines = vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].buftype, vim.bo[buffer].bufhidden = 'nofile', 'wipe'
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = name:match('%.md$') and 'markdown' or ''
  local room = prompt_rows and vim.o.lines - 4 or math.floor(vim.o.lines / 2)
  vim.api.nvim_win_set_height(window, math.min(#lines + (prompt_rows or 1), room))
  vim.cmd('redraw')
  if prompt_rows and #lines + prompt_rows > room then vim.api.nvim_echo({ { text } }, false, {}) end
  return function()
    if vim.api.nvim_win_is_valid(window) then vim.api.nvim_win_close(window, true) end
  end
end

-- Requests of the server. Each returns its result.
local handlers = {}

local function label_of(item, is_many)
  local words = { item.label }
  if item.description ~= '' then table.insert(words, item.description) end
  if item.detail ~= '' then table.insert(words, item.detail) end
  local text = table.concat(words, '  ')
  if item.group ~= '' then text = item.group .. ': ' .. text end
  if is_many then text = (item.picked and '[x] ' or '[ ] ') .. text end
  return text
end

handlers['pinfold/pick'] = function(_, params)
  local picker = { items = params.items, busy = params.busy }
  pickers[params.pickId] = picker
  local prompt = params.title .. ': ' .. params.placeholder
  local back, done, more = { text = '← Back' }, { text = 'Done' }, { text = 'More …' }
  local result
  repeat
    if picker.busy then
      await(function(settled)
        picker.on_items = function() if not picker.busy then settled() end end
        vim.defer_fn(settled, LATE_ITEMS_MS)
      end)
    end
    local choices = params.many and { done } or {}
    vim.list_extend(choices, picker.items)
    if picker.busy then table.insert(choices, more) end
    if params.back then table.insert(choices, back) end
    local chosen = select(choices, prompt, function(item)
      return item.text or label_of(item, params.many)
    end)
    if chosen == nil then
      result = vim.NIL
    elseif chosen == back then
      result = { back = true }
    elseif chosen == done then
      local picked = vim.tbl_filter(function(item) return item.picked end, picker.items)
      result = { ids = vim.tbl_map(function(item) return item.id end, picked) }
    elseif chosen ~= more and params.many then
      chosen.picked = not chosen.picked
    elseif chosen ~= more then
      result = { ids = { chosen.id } }
    end
  until result
  pickers[params.pickId] = nil
  return result
end

handlers['pinfold/pickItems'] = function(_, params)
  local picker = pickers[params.pickId]
  if not picker then return end
  local picked = {}
  for _, item in ipairs(picker.items) do picked[item.id] = item.picked end
  for _, item in ipairs(params.items) do
    if picked[item.id] ~= nil then item.picked = picked[item.id] end
  end
  picker.items, picker.busy = params.items, params.busy
  if picker.on_items then picker.on_items() end
end

handlers['pinfold/input'] = function(_, params)
  local prompt = params.prompt .. ': '
  if type(params.problem) == 'string' then prompt = params.problem .. '\n' .. prompt end
  local value = await(function(done)
    vim.ui.input({ prompt = prompt, default = params.value }, function(text)
      done(text or vim.NIL)
    end)
  end)
  if value ~= vim.NIL then return { value = value } end
  -- Whoever leaves the box is asked the question before it again, if there was one.
  return params.back and { back = true } or vim.NIL
end

handlers['pinfold/preview'] = function(_, params)
  -- The built-in prompt: its title, the choices, what to type, and a row to type it in.
  local prompt_rows = #params.actions + 3
  local text = table.concat({ params.title, unpack(params.lines) }, '\n')
  local close = show('preview', text, prompt_rows)
  local action = select(params.actions, params.title, function(item) return item.label end)
  close()
  return action and { action = action.id } or vim.NIL
end

handlers['window/showMessageRequest'] = function(_, params)
  return select(params.actions or {}, params.message, function(item) return item.title end) or vim.NIL
end

handlers['pinfold/environmentChanged'] = function(_, params)
  environments[params.folder] = params
  vim.cmd('redrawstatus!')
  vim.api.nvim_exec_autocmds('User', { pattern = 'PinfoldEnvironmentChanged', modeline = false })
end

handlers['pinfold/inventoryChanged'] = function()
  vim.api.nvim_exec_autocmds('User', { pattern = 'PinfoldInventoryChanged', modeline = false })
end

handlers['$/progress'] = function(error, params, context, options)
  local value = params.value
  if value.kind == 'end' then
    progress[params.token] = nil
  else
    local known = progress[params.token] or {}
    progress[params.token] = {
      title = value.title or known.title,
      message = value.message or known.message,
      percentage = value.percentage or known.percentage,
    }
  end
  vim.cmd('redrawstatus!')
  local default = vim.lsp.handlers['$/progress']
  return default and default(error, params, context, options)
end

-- The client.
local function root_of(buffer)
  local file = vim.api.nvim_buf_get_name(buffer)
  local folder = file == '' and vim.fn.getcwd() or vim.fn.fnamemodify(file, ':p:h')
  for _, marker in ipairs(ROOT_MARKERS) do
    local found = vim.fn.findfile(marker, folder .. ';')
    if found == '' then found = vim.fn.finddir(marker, folder .. ';') end
    if found ~= '' then return vim.fn.fnamemodify(found, ':p'):gsub('/$', ''):match('(.*)/') end
  end
  return vim.startswith(folder .. '/', vim.fn.getcwd() .. '/') and vim.fn.getcwd() or folder
end

local function clients()
  local all = vim.lsp.get_clients or vim.lsp.get_active_clients
  return vim.tbl_filter(function(client) return client.name == NAME end, all())
end

local function start_client(root)
  local own = vim.tbl_extend('force', config, { root_dir = root, root_markers = nil })
  if vim.fn.has('nvim-0.11') == 1 then return vim.lsp.start(own, { attach = false }) end
  if not (started[root] and vim.lsp.get_client_by_id(started[root])) then
    started[root] = vim.lsp.start_client(own)
  end
  return started[root]
end

local function client_for(root)
  for _, client in ipairs(clients()) do
    if client.config.root_dir == root then return client.id end
  end
  return start_client(root)
end

-- What used to be functions of a client are methods since Neovim 0.11.
local function call(client, name, ...)
  if vim.fn.has('nvim-0.11') == 1 then return client[name](client, ...) end
  return client[name](...)
end

-- Call *use* with the client of the file that is shown; it is started first if need be.
local function with_client(use)
  local id = client_for(root_of(0))
  if not id then return notify('the server did not start', vim.log.levels.ERROR) end
  local client = vim.lsp.get_client_by_id(id)
  if client and client.initialized then return use(client) end
  waiting[id] = waiting[id] or {}
  table.insert(waiting[id], use)
end

-- Run a command of the server, by its id without `pinfold.`, as docs/language-server.md has them.
-- *on_done* gets an error or nil, and the result; Neovim does not call it for what was cancelled.
function M.run(command, arguments, on_done)
  local file = vim.api.nvim_buf_get_name(0)
  local where = file ~= '' and vim.bo.buftype == '' and file or vim.fn.getcwd()
  local given = vim.tbl_extend('keep', arguments or {}, { active = vim.uri_from_fname(where) })
  local params = { command = NAME .. '.' .. command, arguments = { given } }
  with_client(function(client)
    call(client, 'request', 'workspace/executeCommand', params, function(error, result)
      if error then
        notify(error.message, vim.log.levels.ERROR)
      elseif type(result) == 'table' and type(result.document) == 'table' then
        -- Markdown that is not rendered has a backslash before every dot.
        local is_plain = result.document.name:match('%.md$') and type(result.text) == 'string'
        show(is_plain and 'text' or result.document.name, is_plain and result.text or result.document.text)
      end
      if on_done then on_done(error, result) end
    end)
  end)
end

-- End what is under way. The server puts back what it has changed.
function M.cancel()
  for _, client in ipairs(clients()) do
    for token in pairs(progress) do
      call(client, 'notify', 'window/workDoneProgress/cancel', { token = token })
    end
  end
end

-- What 'statusline' has: the environment of the file that is shown, and what is under way.
function M.status()
  local words = {}
  local environment = M.environment(0)
  if environment then table.insert(words, environment.text) end
  for _, shown in pairs(progress) do
    local share = shown.percentage and (' %d%%'):format(shown.percentage) or ''
    table.insert(words, (shown.message or shown.title or '') .. share)
  end
  return (table.concat(words, ' · '):gsub('[%z\1-\31]', ' '))
end

-- What `pinfold/environmentChanged` said last of a buffer's folder, or of the nearest one above it.
function M.environment(buffer)
  local folder = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':p:h')
  while not environments[folder] do
    local above = vim.fn.fnamemodify(folder, ':h')
    if above == folder then return nil end
    folder = above
  end
  return environments[folder]
end

-- Those for people; the others show nothing.
local function command_ids()
  local ids = {}
  for _, client in ipairs(clients()) do
    local told = client.server_capabilities and client.server_capabilities.experimental
    for _, id in ipairs(told and told.pinfold and told.pinfold.commands or {}) do
      table.insert(ids, (id:gsub('^' .. NAME .. '%.', '')))
    end
  end
  table.insert(ids, 'cancel')
  table.sort(ids)
  return ids
end

-- `packages=a packages=b yes=true`; a word that is no argument is a package, and `%` is this file.
local function parsed(words)
  local arguments = {}
  for _, word in ipairs(words) do
    local name, value = word:match('^(%a+)=([^=].*)$')
    if not name then name, value = 'packages', word end
    value = value:gsub('^([\'"])(.*)%1$', '%2')
    if value == '%' then value = vim.api.nvim_buf_get_name(0) end
    if value == 'true' or value == 'false' then value = value == 'true' end
    if LISTS[name] then
      arguments[name] = vim.list_extend(arguments[name] or {}, { value })
    else
      arguments[name] = value
    end
  end
  return arguments
end

local function run_typed(typed)
  local command = table.remove(typed.fargs, 1)
  local function begin(chosen)
    if chosen == 'cancel' then M.cancel() elseif chosen then M.run(chosen, parsed(typed.fargs)) end
  end
  if command then return begin(command) end
  with_client(function() vim.ui.select(command_ids(), { prompt = 'Pinfold', kind = NAME }, begin) end)
end

function M.setup(options)
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.experimental = { pinfold = { ui = { preview = true } } }
  config = vim.tbl_deep_extend('force', {
    name = NAME,
    cmd = { 'pinfold', 'server' },
    capabilities = capabilities,
    handlers = handlers,
    filetypes = { FILETYPE },
    before_init = function(params)
      -- Neovim asks for findings after an edit only, and would show old ones after an installation.
      params.capabilities.textDocument.diagnostic = nil
    end,
    on_init = function(client)
      for _, use in ipairs(waiting[client.id] or {}) do vim.schedule(function() use(client) end) end
      waiting[client.id] = nil
    end,
  }, options or {})

  vim.api.nvim_create_augroup(NAME, {})
  vim.api.nvim_create_autocmd({ 'BufRead', 'BufNewFile' }, {
    group = NAME,
    pattern = PATTERNS,
    callback = function() vim.bo.filetype = FILETYPE end,
  })
  if vim.lsp.config then
    local own = { root_dir = function(buffer, on_root) on_root(root_of(buffer)) end }
    vim.lsp.config(NAME, vim.tbl_extend('force', config, own))
    vim.lsp.enable(NAME)
  else
    vim.api.nvim_create_autocmd('FileType', {
      group = NAME,
      pattern = config.filetypes,
      callback = function(event)
        local id = client_for(root_of(event.buf))
        if id then vim.lsp.buf_attach_client(event.buf, id) end
      end,
    })
  end
  vim.api.nvim_create_user_command('Pinfold', run_typed, {
    nargs = '*',
    complete = function(lead)
      return vim.tbl_filter(function(id) return vim.startswith(id, lead) end, command_ids())
    end,
  })
end

return M
