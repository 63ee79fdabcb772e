# SPDX-License-Identifier: MIT
# Arrays, associative arrays and string operations in loops, as many turns as the argument says.
declare -A count
list=()
for ((n = 0; n < $1; n++)); do
	word="word$((n * 7919 % 1000))"
	list+=("$word:${word^^}:$n")
	count[$word]=$((${count[$word]:-0} + 1))
done
sum=0
for item in "${list[@]}"; do
	head=${item%%:*}
	tail=${item##*:}
	[[ $head == *9* ]] && ((sum += tail))
done
echo "${#list[@]} ${#count[@]} $sum ${list[*]: -2}"
