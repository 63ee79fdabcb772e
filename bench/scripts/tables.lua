-- SPDX-License-Identifier: MIT
-- Tables in tables, closures and many short strings, with the garbage collector at work. The argument is the number of keys.
local words, total = {}, 0
for round = 1, 3 do
	local tree = {}
	for n = 1, tonumber(arg[1]) do
		local key = string.format("key%d", n * 7919 % 65536)
		tree[key] = { n, name = key .. ":" .. round, add = function(x) return x + n end }
	end
	for key, node in pairs(tree) do
		total = total + node.add(#node.name)
	end
	words[#words + 1] = table.concat({ "round", round, total }, " ")
end
print(table.concat(words, "\n"))
