# SPDX-License-Identifier: MIT
# redis_client.sh SOCKET REQUESTS: waits for the server, gives it work, prints what has to be in it afterwards, and ends it.
# Keys are random ones of 2000, so that values and their keys come and go; the list has the same length every time.
turn=0
until [ "$(redis-cli -s "$1" ping 2> /dev/null)" = PONG ]; do
	turn=$((turn + 1))
	[ $turn -lt 400 ] || exit 1
	sleep 0.05
done
redis-benchmark -s "$1" -n "$2" -c 20 -P 4 -r 2000 -d 100 -q -t set,get,incr,sadd,hset,zadd,mset,lpush,rpop,lrange_100 > /dev/null 2>&1
redis-cli -s "$1" llen mylist
redis-cli -s "$1" shutdown nosave
