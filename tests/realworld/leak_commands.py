# SPDX-License-Identifier: MIT
"""What leak_truth looks at: bash scripts in which RUN stands before each program whose leaks are compared. INPUT is as in programs.py;
LOGS is the folder that logs are written to. Most are there because known_leaks.txt names what they run.
"""

COMMANDS = []


def command(name, script):
    COMMANDS.append((name, script))


command("bash", r"""
RUN bash -c 'for ((i = 0; i < 300; i++)); do x+=$i; a[i]=$x; done; (echo ${#x}; y=$(echo sub); echo $y); f() { local z=$1;
((z > 0)) && f $((z - 1)); }; f 20; echo "${#a[5]}" > out'
""")
command("bash-exit", "echo 'if test -e /; then case $0 in /*) x=1; exit 0;; *) exit 0;; esac; fi' > s; RUN bash s")
command("git-log", "RUN git --git-dir=$INPUT/repository.git log --stat -20 > out")
command("git-more", r"""
RUN git init -q r; cd r; cp -r $INPUT/tree .; RUN git add -A
RUN git -c user.name=x -c user.email=x@x commit -qm one; echo x >> tree/folder1/file1
RUN git diff > out; RUN git status -s; RUN git branch b; RUN git checkout -q b; RUN git gc -q; RUN git log --graph
RUN git blame tree/folder1/file1
""")
command("sqlite3", "head -3000 $INPUT/script.sql | RUN sqlite3 :memory: > out")
command("python3", "RUN /usr/bin/python3 -c pass")
command("perl", r"""
RUN perl -e 'my %h; $h{$_ % 97} .= chr(65 + $_ % 26) for 1 .. 3000; $h{x} = sub { $_[0] =~ s/(\w+)/<$1>/gr };
	print length($h{5}), $h{x}->("a b")'
""")
command("xz", "cp $INPUT/text.txt f; RUN xz -T2 -0 -k f; RUN xz -dc f.xz | cmp - f")
command("curl", "RUN curl --version")
command("curl-file", "RUN curl -s file://$INPUT/text.txt -o out")
command("redis-version", "RUN redis-server --version")
command("redis-shutdown", r"""
RUN redis-server --port 0 --unixsocket $PWD/s --save '' --dir $PWD & for i in $(seq 300); do [ -S s ] && break; sleep 0.1; done
for i in 1 2 3 4 5; do redis-cli -s s set k$i $(seq -s, 1 50); redis-cli -s s rpush l a b c; done; redis-cli -s s shutdown nosave; wait
""")
command("redis-cli", r"""
redis-server --port 0 --unixsocket $PWD/s --save '' > out & for i in $(seq 300); do [ -S s ] && break; sleep 0.1; done
RUN redis-cli -s s set a b; RUN redis-cli -s s shutdown nosave; wait
""")
command("nginx", r"""
printf 'pid p; error_log e; events {}\nhttp { access_log off; server { listen unix:s; location / { return 204; } } }' > c
RUN nginx -t -p $PWD -c $PWD/c
""")
command("gcc", "cp $INPUT/hello.c .; RUN gcc -c -O1 hello.c; RUN gcc hello.c -o hello")
command("gcc-more", r"""
cp $INPUT/hello.c .; RUN gcc -fuse-ld=gold hello.c -o h -pthread; RUN gcc -flto -O1 hello.c -o h -pthread
RUN gcc -c -fanalyzer -O1 hello.c
""")
command("g++", "cp $INPUT/hello.cc .; RUN g++ -c hello.cc; RUN g++ hello.o -o h -pthread")
command("binutils", r"""
cp $INPUT/hello.c .; gcc -g -c hello.c; gcc hello.o -o h; RUN ar rcD l.a hello.o; RUN nm h; RUN objdump -d hello.o; RUN strip h -o i
RUN readelf -a h; RUN addr2line -e h -f 0x1139; RUN ld.gold -r hello.o -o j
""")
command("ls", "RUN ls -lR $INPUT/tree")
command("sort", "RUN sort $INPUT/text.txt -o out; RUN sort -k2n $INPUT/numbers.txt | RUN uniq -c | RUN tail -3")
command("coreutils", r"""
seq 1000 > n; RUN tr a-z A-Z < $INPUT/script.sql; RUN join n n; RUN cut -c1-3 n; RUN paste n n; RUN fold -w 7 n; RUN nl n; RUN tac n
RUN wc n
RUN comm n n; RUN expand n; RUN fmt n; RUN pr n; RUN od n; RUN base64 n; RUN shuf n; RUN seq 9; RUN factor 77; RUN md5sum n; RUN b2sum n
RUN ptx n
printf 'a b\nb c\n' > t; RUN tsort t; RUN numfmt --to=iec 1000; RUN split -l 100 n; RUN csplit -s n 100 '{5}'; RUN cp n m; RUN mv m o
RUN ln -s n l
RUN mkdir d; RUN rmdir d; RUN stat n; RUN dd if=n of=q status=none; RUN truncate -s 5 q; RUN chmod 600 q; RUN install n r; RUN rm r
RUN du .; RUN df /
RUN env -i A=b printenv A; RUN timeout 5 true; RUN stdbuf -oL echo x; RUN date -u -d @0; RUN id; RUN head -2 n; RUN tail -2 n; RUN cat n
RUN tee u < n
RUN split -n l/7 n; RUN split -n l/3 --filter='wc -l' n; mkdir e e/f; cp n e/f; mkdir g; RUN mv e/* g; RUN touch v; RUN expr 1 + 1
RUN test 1; RUN pathchk a; RUN who
""")
command("grep", r"""
RUN grep -c block $INPUT/text.txt; RUN grep -E '(heap|stack) .*(cache|page)$' $INPUT/text.txt
RUN grep -P '(?<=zone )\w+' -o $INPUT/text.txt; RUN grep -rn guard $INPUT/tree
RUN grep -E '([a-z]+) \1' -m 5 $INPUT/text.txt; head -99 $INPUT/text.txt | cut -d' ' -f1 | sort -u > w; RUN grep -iFr -f w $INPUT/tree
""")
command("sed", r"""
RUN sed -E 's/([a-z]+) ([a-z]+)/\2 \1/g; /heap/!d; s/^/> /' $INPUT/text.txt
RUN sed -n '$!{h;d};H;x;p' $INPUT/numbers.txt; cp $INPUT/text.txt t; RUN sed -i.old -e '1~3d' -e 'y/abc/xyz/' t; RUN sed 's/.*= //' t
""")
command("awk", r"""
RUN awk '{ n[$1]++; gsub(/a+/, "<&>"); s = s substr($0, 1, 3) } END { for (w in n) print n[w], w }' $INPUT/text.txt
""")
command("gawk", r"""
RUN gawk '{ n[$1]++; gsub(/a+/, "<&>"); s = s substr($0, 1, 3) } END { for (w in n) print n[w], w }' $INPUT/text.txt
""")
command("find", r"""
RUN find $INPUT/tree -name '*7*' -size +1k -printf '%f %s\n'; RUN find $INPUT/tree -type f -print0 > n; RUN xargs -0 -n 50 echo < n
""")
command("diff", r"""
sed -e '1~50s/^/new /' $INPUT/text.txt > b; RUN diff -u $INPUT/text.txt b > p || true; cp $INPUT/text.txt a; RUN patch -s a p
RUN cmp a b; sed -e '2~70d' a > c; RUN diff3 -m b a c
""")
command("tar", r"""
RUN tar -czf a.tgz -C $INPUT tree; RUN tar -tvf a.tgz; mkdir x; RUN tar -C x -xf a.tgz; RUN tar -cf a.tar x
RUN tar --delete -f a.tar x/tree/folder1; RUN tar -df a.tar || true
""")
command("zip", r"""
cp -r $INPUT/tree t; RUN zip -qr a.zip t; RUN unzip -tqq a.zip; RUN zip -qd a.zip 't/folder1/*'; RUN gzip -k a.zip; RUN bzip2 -k a.zip
RUN zstd -q a.zip
""")
command("jq", r"""
echo '{"a": [1, 2, {"b": null}]}' | RUN jq '.a | map(tostring) | add'
""")
command("openssl", r"""
RUN openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=x -keyout k -out c 2> /dev/null; RUN openssl x509 -in c -noout -text
RUN openssl enc -aes-128-cbc -pbkdf2 -k x -in c -out d; RUN openssl dgst -sha256 c
""")
command("make", r"""
printf 'a: b\n\tcat b > a\nb:\n\techo 1 > b\n' > Makefile; RUN make -s
""")
command("cmake", r"""
cp $INPUT/hello.c .; printf 'cmake_minimum_required(VERSION 3.5)\nproject(x C)\nadd_executable(h hello.c)\n' > CMakeLists.txt
printf 'set(X 1)\nforeach(i RANGE 9)\nmath(EXPR X "${X}*2")\nendforeach()\nmessage("${X}")\n' > s.cmake
RUN cmake -P s.cmake
""")
command("gettext", r"""
printf 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\nmsgid "a"\nmsgstr "b"\n' > a.po; cp $INPUT/hello.c .
RUN msgfmt a.po -o a.mo; RUN msgunfmt a.mo; RUN msgmerge -q a.po a.po; RUN xgettext -o - --keyword=puts hello.c; RUN locale
""")
command("locale", r"""
RUN locale -a; RUN iconv -f utf-8 -t utf-16 $INPUT/text.txt; RUN localedef --list-archive; RUN getent passwd root; RUN iconv -l
""")
command("util-linux", r"""
RUN column -t $INPUT/numbers.txt; RUN script -qec 'echo x' out; RUN hostname; RUN ps -o comm=; RUN free; cp $(command -v su) .
RUN ./su root -c true; RUN chown $(id -u):$(id -g) out; RUN chown -R $(id -un) .; RUN lsblk; RUN cal 2 2024
""")
command("dc", "RUN dc -e '500k 2v p 10 i 3 17 ^ 1000 % p'; RUN bc -q <<< '2^99'; RUN m4 <<< 'len(abc)'")
command("dpkg", r"""
mkdir -p p/DEBIAN; printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: x\n' > p/DEBIAN/control
RUN dpkg-deb -b p x.deb; RUN dpkg-deb -c x.deb; RUN dpkg-query -W dpkg
""")
command("gdb", r"""
cp $INPUT/hello.c .; gcc -g hello.c -o h; RUN gdb -q -nx -batch -ex 'break main' -ex 'info line main' h; RUN strace -o out true
""")
command("groff", r"""
printf '.TH X 1\n.SH NAME\nx \\- y\n.PP\n.TS\nbox;\nl n.\na\t1\n.TE\n.EQ\nx over y\n.EN\n' > x.1; RUN groff -t -e -man -Tascii x.1
RUN troff -ms x.1
RUN man -l x.1; printf 'e\n' | RUN preconv -e utf-8
""")
command("ruby", r"""
RUN ruby -e 'puts (1..2000).map { |i| i.to_s * 2 }.size; puts `echo sub`; pid = fork { exit 4 }; Process.wait pid;
	puts 2.times.map { |k| Thread.new { k + 1 } }.sum(&:value)'
""")
command("php", r"""
USE_ZEND_ALLOC=0 RUN php -n -r '$o = []; for ($i = 0; $i < 3000; $i++) { $x = new stdClass; $x->self = $x; $x->list = range(0, $i % 20);
	$o[$i % 100] = $x; } echo gc_collect_cycles() >= 0 ? 1 : 2;'
""")
command("python-threading", "PYTHONMALLOC=malloc RUN /usr/bin/python3 -m test -q test_threading")
command("python-fork", r"""
RUN /usr/bin/python3 -c 'import subprocess, threading, json, sqlite3, ctypes
subprocess.run(["true"]); t = threading.Thread(target=print); t.start(); t.join()'
""")
command("java", "RUN java -version")
command("ssh", r"""
RUN ssh -V; RUN ssh -F /dev/null -G localhost; RUN ssh-keygen -q -t ed25519 -N '' -f k; RUN ssh-keygen -y -f k; eval $(ssh-agent -s)
RUN ssh-add -q k; RUN ssh-add -l; ssh-agent -k; RUN ssh -F /dev/null -o BatchMode=yes -p 1 127.0.0.1 true
RUN ssh-keygen -q -t rsa -b 2048 -N '' -f r; echo data | RUN ssh-keygen -q -Y sign -f k -n x; RUN /usr/sbin/sshd -T -f /dev/null -h $PWD/k
""")
command("rsync", r"""
RUN rsync -a $INPUT/tree/ a; for i in 1 2 3; do echo x >> a/folder$i/file$i; done; RUN rsync -a $INPUT/tree b; RUN rsync -ac --delete a/ b
RUN rsync -a --list-only b/
""")
command("memcached", "RUN memcached -u root -s $PWD/s -m 16 -t 2 & sleep 8; kill $!; wait")
command("postgres", r"""
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1); chmod -R 777 $LOGS .; as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
as $bin/initdb -D $PWD/d -U x -A trust -N --locale=C > log
RUN setpriv --reuid=65534 --regid=65534 --clear-groups $bin/initdb -D $PWD/e -U x -A trust -N --locale=C
as $bin/pg_ctl -s -w -D $PWD/d -l $PWD/log2 -o "-c listen_addresses= -c unix_socket_directories=$PWD -F" start
RUN $bin/psql -X -h $PWD -U x postgres -c 'create table t as select i from generate_series(1, 99) i' -c 'select count(*) from t'
RUN $bin/pgbench -i -q -h $PWD -U x postgres; RUN $bin/pgbench -n -c 2 -j 2 -t 20 -h $PWD -U x postgres
RUN $bin/pg_dump -h $PWD -U x postgres
RUN setpriv --reuid=65534 --regid=65534 --clear-groups $bin/pg_ctl -s -w -D $PWD/d -m fast stop; RUN $bin/postgres --version
""")
command("graphviz", r"""
echo 'digraph { a -> b; b -> c }' > g; RUN dot -Tplain g; RUN gc g; RUN neato -Tplain g; RUN libgvc6-config-update -c
""")
command("poppler", r"""
echo '%!PS
/Helvetica findfont 20 scalefont setfont 50 300 moveto (Hello) show showpage' > p.ps; gs -q -sDEVICE=pdfwrite -o p.pdf p.ps
RUN pdftotext p.pdf -; RUN pdffonts p.pdf; RUN pdftoppm -r 20 p.pdf q; RUN pdfinfo p.pdf
""")
command("gnuplot", "RUN gnuplot -e 'set terminal dumb; plot sin(x)'")
command("ocaml", r"""
echo 'let () = print_int (List.length (List.init 9 (fun x -> x)))' > t.ml; RUN ocamlc -o t t.ml; RUN ocamlrun t
""")
command("emacs", r"""
RUN emacs -Q --batch --eval '(princ (format "%s" (mapcar (function 1+) (number-sequence 1 5))))'
""")
command("erlang", r"""
RUN erl -noshell -eval 'io:format("~p~n", [lists:sum(lists:seq(1, 100))]), halt().'
""")
command("gpg", "RUN gpg --version; RUN gpg-connect-agent --no-autostart /bye")
command("x11", r"""
RUN Xvfb -displayfd 3 -screen 0 320x240x24 -nolisten tcp 3> number &
for i in $(seq 600); do [ -s number ] && break; sleep 0.1; done; export DISPLAY=:$(cat number)
RUN xdpyinfo; RUN xwd -root -silent; RUN xprop -root; kill $!; wait
""")
