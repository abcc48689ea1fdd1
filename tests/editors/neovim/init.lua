-- Neovim as somebody has it who followed docs/editors/neovim.md.
local folder = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':h')
package.path = vim.env.PINFOLD_TEST_EDITORS .. '/neovim/?.lua;' .. folder .. '/?.lua;' .. package.path
require('pinfold').setup({ cmd = vim.json.decode(vim.env.PINFOLD_TEST_SERVER) })
