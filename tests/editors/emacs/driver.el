;;; driver.el --- Emacs, driven by a test  -*- lexical-binding: t; -*-

;; Waits in Emacs' own loop, answers what is asked, and tells what it saw.

(require 'json)
;; As after a key, not after a click.
(setq last-nonmenu-event ?x)
(setq eglot-confirm-server-initiated-edits nil
      eglot-autoshutdown nil
      make-backup-files nil
      flymake-no-changes-timeout 0.1
      eglot-send-changes-idle-time 0.05
      enable-local-variables nil
      vc-handled-backends nil)
(load (expand-file-name "emacs/pinfold.el" (getenv "PINFOLD_TEST_EDITORS")) nil t)
(setq pinfold-server-command (append (json-parse-string (getenv "PINFOLD_TEST_SERVER"))
                                     '(:initializationOptions (:debounceMs 0))))

(defvar driver-told nil "What the test is told, an alist.")
(defvar driver-asked nil "What was asked, the last first.")
(defvar driver-answers nil "Part of what is chosen, or a text; nil to quit.")

(defun driver-wait (what is-there)
  "Wait for WHAT, until IS-THERE returns something."
  (let ((deadline (+ (float-time) (string-to-number (getenv "PINFOLD_TEST_WAIT")))))
    (while (not (funcall is-there))
      (when (> (float-time) deadline)
        (error "Never came: %s; asked: %S; %s" what driver-asked
               (with-current-buffer "*Messages*" (buffer-string))))
      (accept-process-output nil 0.05))))

(defun driver-answer (prompt choices)
  "Answer PROMPT with one of CHOICES."
  (push (cons prompt choices) driver-asked)
  (unless driver-answers (error "Nobody expected %S" (cons prompt choices)))
  (let ((wanted (pop driver-answers)))
    (cond ((null wanted) (signal 'quit nil))
          ((null choices) wanted)
          ((seq-find (lambda (choice) (string-search wanted choice)) choices))
          (t (error "%s is none of %S" wanted choices)))))

(defun completing-read (prompt table &rest _)
  "Answer PROMPT with an item of TABLE, which may come late."
  (when (car driver-answers)
    (driver-wait (car driver-answers)
                 (lambda ()
                   (seq-find (lambda (choice) (string-search (car driver-answers) choice))
                             (all-completions "" table)))))
  (driver-answer prompt (all-completions "" table)))

(defun completing-read-multiple (prompt table &rest _)
  "Answer PROMPT with an item of TABLE."
  (list (driver-answer prompt (all-completions "" table))))

(defun read-string (prompt &rest _)
  "Answer PROMPT."
  (driver-answer prompt nil))

(defun driver-findings (code)
  "Return the diagnostics of this buffer with CODE."
  (seq-filter (lambda (found) (string-search code (flymake-diagnostic-text found)))
              (flymake-diagnostics)))

(defun driver-run (command &optional arguments)
  "Run COMMAND with ARGUMENTS to its end, and return its result."
  (let (is-over told)
    (pinfold-run command arguments (lambda (result) (setq is-over t told result)))
    (driver-wait (concat "the end of " command) (lambda () is-over))
    told))

(defun driver-play (script file)
  "Run SCRIPT in the buffer of FILE, and tell of it."
  (let ((told (condition-case problem
                  (with-current-buffer (find-file-noselect file)
                    (switch-to-buffer (current-buffer))
                    ;; In batch mode nothing is idle, and Eglot starts when something is.
                    (unless (eglot-current-server)
                      (apply #'eglot (eglot--guess-contact)))
                    (driver-wait "the server" #'eglot-managed-p)
                    (eval (car (read-from-string (concat "(progn " script ")"))) t)
                    (append driver-told `((asked . ,(vconcat (mapcar #'car (reverse driver-asked)))))))
                (error `((error . ,(error-message-string problem)))))))
    (with-temp-file (getenv "PINFOLD_TEST_TOLD")
      (insert (json-serialize told)))
    (kill-emacs 0)))
;;; driver.el ends here
