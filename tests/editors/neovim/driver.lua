-- Neovim, driven by a test: waits in Neovim's own loop, answers what is asked, and tells what it saw.

local driver = { told = { asked = {}, progress = {}, messages = {} }, answers = {} }

local TOLD = vim.env.PINFOLD_TEST_TOLD
local WAIT_MS = tonumber(vim.env.PINFOLD_TEST_WAIT) * 1000

local function tell(told) vim.fn.writefile({ vim.json.encode(told) }, TOLD) end

function driver.fail(message)
  tell({ error = message, told = driver.told, messages = vim.fn.execute('messages') })
  vim.cmd('cquit')
end

function driver.wait(what, is_there)
  if not vim.wait(WAIT_MS, is_there, 20) then driver.fail('never came: ' .. what) end
end

-- Answers come in this order: part of what stands on an item, a text to type, or false to leave.
local function answer(shown)
  table.insert(driver.told.asked, shown)
  local wanted = table.remove(driver.answers, 1)
  if wanted == nil then driver.fail('nobody expected ' .. vim.inspect(shown)) end
  return wanted
end

-- A picker as plugins bring it along, which answers later; Neovim 0.7 cannot wait for such a one.
local function later(answered, ...)
  if vim.fn.has('nvim-0.8') == 1 then
    local given = { ... }
    vim.schedule(function() answered(given[1], given[2]) end)
  else
    answered(...)
  end
end

function vim.ui.select(items, options, on_choice)
  local labels = {}
  for _, item in ipairs(items) do
    local label = (options.format_item or tostring)(item)
    table.insert(labels, label)
  end
  local wanted = answer({ prompt = options.prompt, items = labels })
  if wanted == false then return later(on_choice) end
  for number, label in ipairs(labels) do
    if label:find(wanted, 1, true) then return later(on_choice, items[number], number) end
  end
  if labels[#labels] == 'More …' then
    -- It is still looked for.
    table.insert(driver.answers, 1, wanted)
    return later(on_choice, items[#items], #items)
  end
  driver.fail(wanted .. ' is none of ' .. vim.inspect(labels))
end

function vim.ui.input(options, on_confirm)
  local wanted = answer({ prompt = options.prompt })
  later(on_confirm, wanted or nil)
end

function vim.notify(message) table.insert(driver.told.messages, message) end

function driver.diagnostics(code)
  return vim.tbl_filter(function(found)
    local its_code = found.code or vim.tbl_get(found, 'user_data', 'lsp', 'code')
    return code == nil or its_code == code
  end, vim.diagnostic.get(0))
end

-- Run a command, and wait for its end; returns its result, with an error under `error`.
function driver.run(command, arguments)
  local is_over, told = false, nil
  require('pinfold').run(command, arguments, function(error, result)
    is_over, told = true, error and { error = error.message } or result
  end)
  driver.wait('the end of ' .. command, function()
    local status = require('pinfold').status()
    local seen = driver.told.progress
    if status ~= seen[#seen] then table.insert(seen, status) end
    return is_over
  end)
  return told
end

function driver.play(script)
  local is_done, problem = xpcall(function() dofile(script) end, debug.traceback)
  if not is_done then driver.fail(problem) end
  tell(driver.told)
  vim.cmd('qall!')
end

return driver
