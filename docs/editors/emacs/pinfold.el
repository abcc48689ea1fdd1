;;; pinfold.el --- Pinfold in Emacs, with Eglot  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1") (eglot "1.9"))

;;; Commentary:

;; (load "/path/to/pinfold.el") in the init file; `pinfold' must be on `exec-path'.
;; Files of requirements get `pinfold-mode', and Eglot starts the server.
;; M-x pinfold runs a command of the server.  The mode line shows the environment.

;;; Code:

(require 'cl-lib)
(require 'conf-mode)
(require 'crm)
(require 'eglot)
(require 'seq)

(defvar pinfold-server-command '("pinfold" "server")
  "The program of the server, and its arguments.")

(defvar pinfold--environments (make-hash-table :test #'equal)
  "What the server said last of the environment of each folder.")

(defvar pinfold--pickers (make-hash-table :test #'equal)
  "What there is to choose from in the pickers that are open.")

;;;###autoload
(define-derived-mode pinfold-mode conf-unix-mode "Requirements"
  "Major mode for files of requirements and constraints, as pip reads them."
  (setq-local mode-line-misc-info (cons '(:eval (pinfold-status)) mode-line-misc-info))
  (eglot-ensure))

(dolist (pattern '("\\(?:requirements\\|constraints\\)[^/]*\\.\\(?:txt\\|in\\)\\'"
                   "/\\(?:requirements\\|constraints\\)/[^/]*\\.\\(?:txt\\|in\\)\\'"))
  (add-to-list 'auto-mode-alist (cons pattern #'pinfold-mode)))

(defclass pinfold-server (eglot-lsp-server) ()
  :documentation "Eglot's connection to the server of Pinfold.")

(add-to-list 'eglot-server-programs
             '(pinfold-mode . (lambda (&rest _) (cons 'pinfold-server pinfold-server-command))))

(cl-defmethod eglot-client-capabilities ((_server pinfold-server))
  "Say that there are pickers."
  (plist-put (cl-call-next-method) :experimental '(:pinfold (:ui (:preview t)))))

;; Questions of the server.  A person takes time, and more messages come meanwhile, so that nobody is
;; asked from where a message is received.

(defvar pinfold--questions '(("pinfold/pick" . pinfold--pick)
                             ("pinfold/input" . pinfold--input)
                             ("pinfold/preview" . pinfold--preview)
                             ("window/showMessageRequest" . pinfold--choose))
  "What asks a person, by the method of the request.")

(define-advice jsonrpc-connection-receive (:around (receive server message &rest more) pinfold)
  "Ask a person what a MESSAGE of our SERVER asks, and leave all others to RECEIVE."
  (let ((ask (and (cl-typep server 'pinfold-server)
                  (assoc-default (plist-get message :method) pinfold--questions))))
    (if (not ask)
        (apply receive server message more)
      (run-with-timer
       0 nil
       (lambda ()
         (let ((inhibit-quit nil)
               ;; The person may be in the middle of another one.
               (enable-recursive-minibuffers t)
               answer)
           ;; Whatever ends the question, be it an error or the timeout of a request that somebody
           ;; waits for: without an answer, the command would wait for ever.
           (unwind-protect
               (setq answer (apply ask (plist-get message :params)))
             (jsonrpc-connection-send server :id (plist-get message :id) :result answer))))))))

(defun pinfold--label (item)
  "Return how ITEM of a picker is shown."
  (cl-destructuring-bind (&key label description group &allow-other-keys) item
    (concat (unless (string-empty-p group) (concat group ": ")) label
            (unless (string-empty-p description) (concat "  " description)))))

(cl-defun pinfold--pick (&key pickId title placeholder many items back &allow-other-keys)
  "Ask for one of ITEMS, or for several."
  (puthash pickId (append items nil) pinfold--pickers)
  (let ((prompt (format "%s: %s " title placeholder))
        ;; Asked anew with each key: items may come while somebody types.
        (table (lambda (text predicate action)
                 (complete-with-action
                  action
                  (append (mapcar #'pinfold--label (gethash pickId pinfold--pickers))
                          (when (eq back t) '("Back")))
                  text predicate))))
    (unwind-protect
        (condition-case nil
            (let ((chosen (if (eq many t)
                              (let ((crm-separator "[ \t]*;[ \t]*"))
                                (completing-read-multiple (concat prompt "(a; b) ") table nil t))
                            (list (completing-read prompt table nil t)))))
              (if (member "Back" chosen)
                  '(:back t)
                (list :ids
                      (vconcat
                       (mapcar (lambda (item) (plist-get item :id))
                               (seq-filter (lambda (item) (member (pinfold--label item) chosen))
                                           (gethash pickId pinfold--pickers)))))))
          (quit nil))
      (remhash pickId pinfold--pickers))))

(cl-defmethod eglot-handle-notification
  ((_server pinfold-server) (_method (eql pinfold/pickItems)) &key pickId items &allow-other-keys)
  "Put ITEMS into a picker that is open."
  (when (gethash pickId pinfold--pickers)
    (puthash pickId (append items nil) pinfold--pickers)))

(cl-defun pinfold--input (&key prompt value problem back &allow-other-keys)
  "Ask for a text.
Whoever quits gets the question before it again, if there was one."
  (condition-case nil
      (list :value (read-string (concat (when problem (format "[%s] " problem)) prompt ": ") value))
    (quit (when (eq back t) '(:back t)))))

(cl-defun pinfold--preview (&key title lines actions &allow-other-keys)
  "Show what would be done, and ask which of ACTIONS is to be taken."
  (pinfold--show (string-join (cons title (append lines nil)) "\n"))
  (unwind-protect
      (when-let ((action (pinfold--action title actions :label)))
        (list :action (plist-get action :id)))
    (when-let ((window (get-buffer-window "*Pinfold*")))
      (quit-window nil window))))

(cl-defun pinfold--choose (&key message actions &allow-other-keys)
  "Show MESSAGE, and ask which of ACTIONS is to be taken."
  (pinfold--action message actions :title))

(defun pinfold--action (prompt actions key)
  "Return which of ACTIONS a person chooses by what they have as KEY; nil for none."
  (condition-case nil
      (let* ((none "Nothing")
             (labels (mapcar (lambda (action) (plist-get action key)) actions))
             (chosen (completing-read (concat prompt ": ") (append labels (list none)) nil t
                                      nil nil none)))
        (seq-find (lambda (action) (equal (plist-get action key) chosen)) actions))
    (quit nil)))

(defun pinfold--show (text)
  "Show TEXT in a window."
  (with-current-buffer (get-buffer-create "*Pinfold*")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min)))
    (special-mode)
    (display-buffer (current-buffer))))

;; What the server tells.

(cl-defmethod eglot-handle-notification
  ((_server pinfold-server) (_method (eql pinfold/environmentChanged))
   &rest told &key folder &allow-other-keys)
  "Keep what was TOLD of the environment of FOLDER."
  (puthash folder told pinfold--environments)
  (force-mode-line-update t))

(cl-defmethod eglot-handle-notification
  ((_server pinfold-server) (_method (eql pinfold/inventoryChanged)) &key &allow-other-keys)
  "There is nothing on show that would have to be read again.")

(defun pinfold-status ()
  "Return what the mode line shows of the environment of this buffer's file."
  (when-let ((told (gethash (directory-file-name (expand-file-name default-directory))
                            pinfold--environments)))
    (string-replace "%" "%%" (plist-get told :text))))

;; Commands.

(defun pinfold--server ()
  "Return the server of this buffer."
  (or (eglot-current-server) (user-error "Pinfold does not run here: visit a file of requirements")))

(defun pinfold-run (command &optional arguments on-done)
  "Run COMMAND of the server, an id without \"pinfold.\", with the plist ARGUMENTS.
ON-DONE gets the result, and nil for what was cancelled or has failed."
  (let ((active (list :active (eglot--path-to-uri (or buffer-file-name default-directory)))))
    (pinfold--execute (pinfold--server) (concat "pinfold." command)
                      (vector (append arguments active)) on-done)))

(defun pinfold--execute (server command arguments &optional on-done)
  "Have SERVER run COMMAND with ARGUMENTS, and return at once; ON-DONE gets the result."
  (let ((done (or on-done #'ignore)))
    (jsonrpc-async-request
     server :workspace/executeCommand (list :command command :arguments arguments)
     :success-fn (lambda (result)
                   ;; What is Markdown there is plain text beside it.
                   (when-let ((document (plist-get result :document)))
                     (pinfold--show (or (plist-get result :text) (plist-get document :text))))
                   (funcall done result))
     :error-fn (jsonrpc-lambda (&key message &allow-other-keys)
                 (message "Pinfold: %s" message)
                 (funcall done nil))
     ;; An installation may take as long as it likes.
     :timeout nil)))

;; Eglot itself waits for what a code action runs, and many a version of it gives up after ten
;; seconds, in the middle of a question.

(cl-defmethod eglot-execute-command ((server pinfold-server) command arguments)
  "Have SERVER run COMMAND of a code action with ARGUMENTS, and wait for nothing."
  (pinfold--execute server (format "%s" command) arguments))

(when (fboundp 'eglot-execute)
  (cl-defmethod eglot-execute ((server pinfold-server) action)
    "Have SERVER run the command that ACTION is, and wait for nothing; leave edits to Eglot."
    (let ((command (plist-get action :command)))
      (if (stringp command)
          (pinfold--execute server command (or (plist-get action :arguments) []))
        (cl-call-next-method)))))

;;;###autoload
(defun pinfold (command)
  "Run COMMAND of the server of this buffer."
  (interactive
   (let* ((capabilities (eglot--capabilities (pinfold--server)))
          (told (plist-get (plist-get capabilities :experimental) :pinfold))
          (ids (plist-get told :commands)))
     (list (completing-read
            "Pinfold: " (mapcar (lambda (id) (string-remove-prefix "pinfold." id)) ids) nil t))))
  (pinfold-run command))

(provide 'pinfold)
;;; pinfold.el ends here
