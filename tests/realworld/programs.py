# SPDX-License-Identifier: MIT
"""Real programs and what they are made to do. Each entry is a bash script, run once plain and once with the library preloaded into
everything that it starts.

A script runs in an empty folder under `bash -euo pipefail`: a program that fails in the middle ends it. What it prints must be the same
in every run, so it prints results and sums of files, not times or addresses. INPUT is a folder with (see make_inputs in run):
  text.txt, numbers.txt (40 000 lines each), tree/ (300 small files in folders), unit.i (C, preprocessed), script.sql, repository.git,
  hello.c, hello.cc
PORT is a free TCP port of the loopback interface. Nothing may leave the machine, and whatever a script starts it also ends.
"""

ENTRIES = []


def entry(name, package, needs, script, seconds=60, compare="all", variables=None):
    """needs: commands that must exist, else the entry is skipped and package named; or test: a shell command, for what is no command.
    compare: all (standard output, standard error, exit status), output (no standard error), status."""
    ENTRIES.append({"name": name, "package": package, "needs": needs, "script": script, "seconds": seconds, "compare": compare,
                    "variables": variables or {}})


# --- shells and the classic tools -------------------------------------------------------------------------------------
entry("bash", "bash", "bash", r"""
bash -c 'declare -A m; for ((i = 0; i < 20000; i++)); do m[k$((i % 500))]+=x$i; done; s=0; for k in "${!m[@]}"; do ((s += ${#m[$k]}));
	done; echo $s'
bash -c 'f() { (($1 > 0)) && f $(($1 - 1)) || echo bottom; }; f 400'
for i in {1..60}; do (x=$(echo "$i" | tr 0-9 a-j); echo "$x" >> out) & done; wait; sort out | md5sum
bash -c 'mapfile -t lines < $INPUT/text.txt; echo ${#lines[@]} ${lines[77]^^} "${lines[@]:100:2}"'
bash -c 'trap "echo caught" USR1; kill -USR1 $$; coproc cat; echo hi >&"${COPROC[1]}"; read -r l <&"${COPROC[0]}"; echo $l;
	kill $COPROC_PID; wait || true'
""")
entry("dash", "dash", "dash", r"""
dash -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); x="$x$((i % 10))"; x=${x#?????????????????????????????????}; done; echo ${#x}'
dash -c 'for f in $INPUT/tree/*/*; do read -r line < $f || :; set -- "$@" "$line"; done; echo $# "$7"'
dash -c 'for i in 1 2 3 4 5 6 7 8 9; do echo $i | cat | cat; done; (exit 3) || echo $?'
""")
entry("coreutils-text", "coreutils", "sort join", r"""
cd $INPUT
sort text.txt | sha256sum; sort -u --parallel=2 -S 1M text.txt | md5sum; sort -k2,2n -k1,1r numbers.txt | sha1sum
sort -n numbers.txt | uniq -c | sort -rn | head -5 || [ $? = 141 ]
join <(sort -k1,1 numbers.txt) <(sort -k1,1 -r numbers.txt | sort -k1,1 | uniq) | wc
cut -d' ' -f2 text.txt | paste - - - | tr a-z A-Z | tail -3; fold -w 17 text.txt | nl | tac | head -2 || [ $? = 141 ]
comm -12 <(sort -u text.txt) <(sort text.txt | uniq -d) | wc -l; expand text.txt | unexpand | fmt -w 60 | pr -n | cksum
od -An -tx4 -N 64 text.txt; base64 text.txt | base64 -d | cmp - text.txt; shuf --random-source=text.txt -n 3 numbers.txt
seq 1 3 99999 | factor | md5sum
b2sum text.txt | cut -c1-20; sha512sum text.txt | cut -c1-20; tsort <(printf 'a b\nb c\nd c\n') | wc -l; ptx text.txt | wc -l
numfmt --to=iec 1 1000 1000000
""")
entry("coreutils-files", "coreutils", "cp du", r"""
cp -r $INPUT/tree a; cp -a a b; ls -lR --time-style=+ b | md5sum; du -ab --apparent-size b | sort -k2 | md5sum; mv b/* . ; rmdir b
split -l 1000 -d -a 3 $INPUT/text.txt part; cat part* | cmp - $INPUT/text.txt; ls part* | wc -l
split -n l/7 --filter='wc -l' $INPUT/text.txt; csplit -s $INPUT/numbers.txt 1000 '{5}'; wc -l xx0*
ln -s a/x l; readlink l; stat -c '%n %s %F' a; dd if=$INPUT/text.txt of=d bs=4k count=9 status=none; truncate -s 5000 d; sha256sum d
chmod 640 d
install -D -m 755 d e/f/g; tail -c 5 e/f/g | od -c; rm -r a e; ls | wc -l; env -i A=b printenv A; timeout 5 true; stdbuf -oL echo buffered
date -u -d @0 +%F
""")
entry("grep", "grep", "grep", r"""
cd $INPUT
grep -c block text.txt; grep -E '(heap|stack) .*(cache|page)$' text.txt | wc; grep -rn guard tree | sort | md5sum
grep -P '(?<=zone )\w+(?! user)' -o text.txt | sort | uniq -c
grep -iF -f <(cut -d' ' -f1 text.txt | head -200 | sort -u) tree -r | md5sum; grep -m 2 -vxE '([a-z]+ ?)+' numbers.txt
grep -E '([a-z]+) \1' -m 5 text.txt; grep nothing-of-it text.txt || echo $?
LC_ALL=C.UTF-8 grep -ci 'BLOCK.*é*' text.txt
""")
entry("sed", "sed", "sed", r"""
sed -E 's/([a-z]+) ([a-z]+)/\2 \1/g; /heap/!d; s/^/> /' $INPUT/text.txt | md5sum; sed -n '$!{h;d};H;x;p' $INPUT/numbers.txt
sed ':a;N;$!ba;s/\n/,/g' $INPUT/numbers.txt | wc -c
cp $INPUT/text.txt t; sed -i.old -e '1~3d' -e 'y/abc/xyz/' t; md5sum t t.old; sed -s -n '$=' $INPUT/tree/*/* | sort | uniq -c
""")
entry("awk", "mawk", "awk", r"""
awk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print n[w], w }' $INPUT/text.txt | sort -rn | head -5
awk '{ gsub(/a+/, "<&>"); s = s substr($0, 1, 3); $2 = toupper($2) } NR % 5000 == 0 { print; print length(s) }' $INPUT/text.txt
awk 'BEGIN { srand(1); for (i = 0; i < 200000; i++) a[i % 1000] = a[i % 1000] + i; while (("echo sub " 3) | getline l) print l;
	printf "%s %.3f\n", a[7], atan2(1, 2) }'
""")
entry("find", "findutils", "find xargs", r"""
cp -r $INPUT/tree t; find t -type f -name '*7*' | sort; find t -type f -size +1k -printf '%f %s\n' | sort | md5sum
find t -type f -print0 | sort -z | xargs -0 -n 20 cat | md5sum
find t -type f -print0 | sort -z | xargs -0 -P 2 -n 40 sh -c 'cat "$@" > /dev/null' x; find t -regex '.*/file1[0-9]' -exec cat {} + | md5sum
find t -depth -type f -name '*3*' -delete; find t | wc -l
""")
entry("diff", "diffutils patch", "diff patch", r"""
cp $INPUT/text.txt a; sed -e '1~50s/^/new /' -e '3~70d' a > b; diff a b > d || [ $? = 1 ]; md5sum d; diff -u a b > p || [ $? = 1 ]
sed -n '3,$p' p | md5sum
patch -s a p; cmp a b; diff -r $INPUT/tree $INPUT/tree; diff3 -m b a $INPUT/text.txt | md5sum
diff -y -W 60 b $INPUT/text.txt | md5sum || true; sdiff -l a b | wc -l
""")

# --- archives and compressors -----------------------------------------------------------------------------------------
entry("tar", "tar", "tar gzip", r"""
tar --sort=name --mtime=@0 --owner=0 --group=0 -cf a.tar -C $INPUT tree; sha256sum a.tar; tar -tvf a.tar | md5sum; mkdir x
tar -C x -xf a.tar; diff -r x/tree $INPUT/tree
tar -czf a.tgz x; tar -tzf a.tgz | wc -l; tar --delete -f a.tar tree/folder1; tar -rf a.tar x/tree/folder1; tar -tf a.tar | wc -l
tar -cf - x | tar -df - ; tar -cJf a.txz x; tar -xJf a.txz -O | md5sum
""")
entry("xz", "xz-utils", "xz", r"""
cat $INPUT/text.txt $INPUT/numbers.txt > f; xz -T2 -k -6 --block-size=300KiB f; xz -dc f.xz | cmp - f
xz -l --robot f.xz | cut -f1-3 | head -2; xz -T2 -9e -c f | sha256sum; xz -t f.xz; xz --format=lzma -c f | xz -dc | md5sum
""")
entry("gzip", "gzip", "gzip", r"""
cp $INPUT/text.txt f; gzip -9 -n -k f; sha256sum f.gz; zcat f.gz | cmp - f; gzip -1 -n -c f | gzip -l | wc -l; rm f; gunzip f.gz; md5sum f
zgrep -c heap <(gzip -c f)
""")
entry("bzip2", "bzip2", "bzip2", r"""
cp $INPUT/text.txt f; bzip2 -k f; sha256sum f.bz2; bzcat f.bz2 | cmp - f; bzip2 -t f.bz2; bzip2 -1 -c f | bunzip2 | md5sum
""")
entry("zstd", "zstd", "zstd", r"""
cp $INPUT/text.txt f; zstd -q -T2 -k -3 f; zstd -dc f.zst | cmp - f; zstd -q -19 --long -c f | sha256sum
zstd -q --train $INPUT/tree/*/* -o dict 2> /dev/null; zstd -q -D dict -c f | zstd -q -D dict -dc | md5sum
zstd -q -b1 -i0 f > /dev/null 2>&1
""")
entry("zip", "zip unzip", "zip unzip", r"""
cp -r $INPUT/tree t; zip -qr a.zip t; unzip -tqq a.zip; mkdir x; unzip -qq a.zip -d x; diff -r x/t t; zip -qd a.zip 't/folder1/*'
unzip -Z1 a.zip | sort | md5sum
""")
entry("dpkg", "dpkg", "dpkg-deb dpkg-query", r"""
mkdir -p p/DEBIAN p/usr/share/x; cp -r $INPUT/tree p/usr/share/x
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: x\n' > p/DEBIAN/control
dpkg-deb --root-owner-group -b p x.deb; dpkg-deb -I x.deb | grep -v bytes; dpkg-deb -c x.deb | awk '{ print $1, $3, $6 }' | md5sum
dpkg-deb -x x.deb y; diff -r y p -x DEBIAN; dpkg-query -W libc6
""")

# --- version control --------------------------------------------------------------------------------------------------
entry("git-read", "git", "git", r"""
git clone -q $INPUT/repository.git c; cd c; git log -p | sha256sum; git log --graph --oneline --stat | md5sum; git blame part3.txt | md5sum
git grep -n guard | md5sum; git shortlog -s HEAD; git diff HEAD~300 --stat; git rev-list --objects --all | sort | md5sum
git log -S'line of commit 77' --format=%s; git describe --always; git archive HEAD | sha256sum; git fsck --full --strict
git log --follow -M -C --format=%h part1.txt | md5sum; git cat-file --batch-all-objects --batch-check | md5sum
""", seconds=120)
entry("git-write", "git", "git", r"""
git init -q -b main r; cd r; git config user.name x; git config user.email x@localhost; cp -r $INPUT/tree .; git add .; git commit -qm one
git checkout -qb side; for i in 1 2 3 4 5; do echo "$i" >> tree/folder1/file1; git commit -qam "side $i"; done; git checkout -q main
echo other > tree/folder2/file2; git commit -qam other; git merge -q --no-edit side; git log --format='%s' --graph
git rebase -q --onto HEAD~1 HEAD~1 || true; git stash list; git tag v1; git mv tree t2; git commit -qm moved; git repack -adq
git gc -q --aggressive; git fsck --full; git format-patch -q -2 --stdout | grep -c '^diff' || true; git reset -q --hard v1
git bundle create -q b.bundle --all; git clone -q b.bundle ../r2; git -C ../r2 rev-parse HEAD^{tree}; git submodule status
git worktree add -q ../w side; git status --short; git apply --check <(git diff HEAD~2) || true
git cherry-pick --no-commit side~2 || git reset -q --hard; git rev-parse HEAD^{tree}
""", seconds=120, compare="output", variables={"GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z"})

# --- interpreters -----------------------------------------------------------------------------------------------------
for module, most in (("json", 120), ("dict", 120), ("threading", 240), ("subprocess", 300), ("ctypes", 120)):
    # Only the verdict is compared: the rest has times in it.
    entry(f"python-test-{module}", "libpython3.11-testsuite", f"test:/usr/bin/python3 -c 'import test.test_{module}'",
          f"/usr/bin/python3 -m test -W test_{module} > log 2>&1 || {{ grep -E -A15 '^(FAIL|ERROR):' log >&2; exit 1; }}\n"
          "grep '^Tests result: SUCCESS' log",
          # The descriptors of watchpoints are there to be seen, and test_subprocess looks through all that a child has.
          seconds=most, compare="output", variables={"PYTHONMALLOC": "malloc", "MALLOC_DEBUG_WATCH": "off" if module == "subprocess" else "auto"})
entry("python", "python3", "/usr/bin/python3", r"""
cat > t.py <<'END'
import collections, ctypes, decimal, hashlib, itertools, json, multiprocessing, os, re, sqlite3, subprocess, threading, zlib
import pickle
import xml.etree.ElementTree as et

text = open(os.environ["INPUT"] + "/text.txt").read()
print(collections.Counter(text.split()).most_common(3), len(re.findall(r"(\w+) \1", text)))
print(hashlib.sha256(zlib.compress(text.encode())).hexdigest()[:16])
print(len(pickle.dumps(json.loads(json.dumps([{"n": n, "s": str(n)} for n in range(20000)])))))

root = et.Element("root")
for n in range(5000):
    et.SubElement(root, "item", n=str(n)).text = "x" * (n % 50)
print(len(et.fromstring(et.tostring(root)).findall("item")))

found = []
threads = [threading.Thread(target=lambda k=k: found.append(sum(len(str(i ** 5)) for i in range(k * 1000)))) for k in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(found))
with multiprocessing.Pool(3) as pool:
    print(pool.map(len, text.split("\n")[:10]))

base = sqlite3.connect(":memory:")
base.execute("create table t(a,b)")
base.executemany("insert into t values(?,?)", ((n, str(n) * 3) for n in range(5000)))
print(base.execute("select sum(a),max(b) from t").fetchone())
print(subprocess.run(["cat"], input=text, text=True, capture_output=True).stdout == text)
print(decimal.Decimal(2).sqrt(), ctypes.CDLL(None).strlen(b"hello"), sum(1 for _ in itertools.permutations(range(8))))


class Cycle:
    pass


for n in range(20000):
    c = Cycle()
    c.me = c
    c.data = [n] * (n % 30)
END
/usr/bin/python3 -I t.py; /usr/bin/python3 -I -X dev -W ignore t.py | md5sum
""", variables={"PYTHONMALLOC": "malloc"}, seconds=120)
entry("perl", "perl", "perl", r"""
perl -e 'my %h; open F, "<", "$ENV{INPUT}/text.txt"; while (<F>) { $h{$_}++ for split }
	printf "%s %d\n", $_, $h{$_} for sort keys %h' | md5sum
perl -MPOSIX -MData::Dumper -MStorable=dclone -MList::Util=sum,reduce -e '$Data::Dumper::Sortkeys = 1;
	my $d = { map { $_ => [1 .. $_ % 9] } 1 .. 5000 }; print length Dumper(dclone($d)), " ", sum(map { scalar @$_ } values %$d), "\n"'
perl -e 'my @p; for my $n (1 .. 24) { my $pid = fork // die; if (!$pid) { my @x = map { "x" x $_ } 1 .. 500; exit $n } push @p, $pid }
	my $s = 0; for (@p) { waitpid $_, 0; $s += $? >> 8 } print "$s\n"'
perl -e 'my $s = join ",", 1 .. 50000; my $n = () = $s =~ /(\d)\1/g; $s =~ s/(\d+)/<$1>/g; print $n, " ", length $s, "\n";
	local $SIG{ALRM} = sub { print "alarm\n" }; alarm 1; sleep 3; my $x = eval { die { code => 5 } }; print $@->{code}, "\n";
	print sort { $a <=> $b } (3, 1, 2)'
perl -MThread::Queue -Mthreads -e 'my $q = Thread::Queue->new(1 .. 200); $q->end; my @t = map { threads->create(sub { my $s = 0;
	while (defined(my $i = $q->dequeue)) { $s += $i } $s }) } 1 .. 4; my $s = 0; $s += $_->join for @t; print "$s\n"'
""")
entry("ruby", "ruby", "ruby", r"""
ruby -e 't = File.read(ENV["INPUT"] + "/text.txt"); puts t.split.tally.sort_by { |w, n| [-n, w] }.first(3).inspect;
	puts (1..200000).map { |i| i.to_s * 2 }.select { |s| s =~ /7/ }.size;
	puts 4.times.map { |k| Thread.new { (1..3000).sum { |i| (i ** 3).to_s.size } } }.sum(&:value)'
ruby -rjson -rset -rdigest -rzlib -e 'd = (1..5000).map { |n| { "id" => n, "s" => "x" * (n % 40) } };
	puts Digest::MD5.hexdigest(JSON.parse(JSON.generate(d)).to_s), Zlib::Inflate.inflate(Zlib::Deflate.deflate("abc" * 9999)).size;
	GC.compact rescue 0; GC.start; puts `echo sub`; pid = fork { exit 4 }; Process.wait pid; puts $?.exitstatus'
""")
entry("lua", "lua5.4", "lua5.4", r"""
cat > t.lua <<'END'
local t, n = {}, 0
for i = 1, 300000 do t[i % 5000] = ("s" .. i):rep(i % 4) end
for k, v in pairs(t) do n = n + #v end
print(n)
local co, s = coroutine.wrap(function() for i = 1, 9999 do coroutine.yield(i) end end), 0
for i = 1, 9999 do s = s + co() end
print(s)
for l in io.popen("echo sub"):lines() do print(l) end
print(pcall(error, "e"))
collectgarbage()
print(string.format("%q", ("x\n"):rep(3)))
END
lua5.4 t.lua
""")
entry("node", "nodejs", "node", r"""
cat > t.js <<'END'
const fs = require('fs'), zlib = require('zlib'), crypto = require('crypto'), child = require('child_process');
const { Worker, isMainThread, parentPort } = require('worker_threads');
if (isMainThread) {
  const text = fs.readFileSync(process.env.INPUT + '/text.txt', 'utf8'), count = new Map();
  for (const w of text.split(/\s+/)) count.set(w, (count.get(w) || 0) + 1);
  console.log([...count].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 3));
  console.log(crypto.createHash('sha256').update(zlib.gunzipSync(zlib.gzipSync(text))).digest('hex'));
  console.log(JSON.stringify(JSON.parse(JSON.stringify([...count]))).length);
  const buffers = [];
  for (let i = 0; i < 20000; i++) buffers[i % 100] = Buffer.allocUnsafe(i);
  console.log(buffers.length, child.execSync('echo sub').toString());
  let left = 3;
  for (let i = 0; i < 3; i++) new Worker(__filename).on('message', m => { if (--left === 0) console.log('workers', m); });
} else {
  let sum = 0;
  for (let i = 0; i < 1e6; i++) sum += String(i).length;
  parentPort.postMessage(sum);
}
END
node t.js
""", seconds=120)
entry("java", "default-jre-headless", "java", r"""
java -version; java -Xmx64m -Xint -XshowSettings:vm -version > /dev/null 2>&1; java -XX:+UseSerialGC --list-modules | sort | head -3
java --describe-module java.base | wc -l
""",
      seconds=120)
entry("php", "php-cli", "php", r"""
php -n -r '$a = []; foreach (explode(" ", file_get_contents(getenv("INPUT") . "/text.txt")) as $w) { $a[$w] = ($a[$w] ?? 0) + 1; }
	arsort($a); echo count($a), " ", strlen(serialize($a)), " ", md5(json_encode(array_keys($a))), "\n";
	echo preg_replace_callback("/\d+/", fn($m) => $m[0] * 2, "1 22 333"), "\n"; for ($s = "", $i = 0; $i < 100000;
	$i++) $s .= chr(65 + $i % 26); echo strlen(gzcompress($s) ?: ""), sha1($s), "\n";'
USE_ZEND_ALLOC=0 php -n -r '$o = []; for ($i = 0; $i < 30000; $i++) { $x = new stdClass; $x->self = $x; $x->list = range(0, $i % 20);
	$o[$i % 100] = $x; } echo gc_collect_cycles() >= 0 ? "done" : "", count($o), "\n";'
""")
entry("tcl", "tcl", "tclsh", r"""
cat > t.tcl <<'END'
set d [dict create]
for {set i 0} {$i < 40000} {incr i} { dict append d k[expr {$i % 300}] x$i; lappend l [string repeat a [expr {$i % 9}]] }
puts [string length $d]; puts [llength [lsort -unique $l]]; puts [regexp -all {x1} $d]; puts [exec echo sub]
proc f n { expr {$n < 2 ? $n : [f [expr {$n-1}]] + [f [expr {$n-2}]]} }
puts [f 17]; catch {error e} m; puts $m
if {![catch {package require Thread}]} { set t [thread::create]; puts [thread::send $t {expr 6*7}]; thread::release -wait $t }
END
tclsh t.tcl
""")
entry("jq", "jq", "jq", r"""
seq 1 20000 | jq -c '{id: ., name: "n\(.)", list: [range(. % 5)]}' > d; jq -s 'map(select(.id % 7 == 0) | .list | length) | add' d
jq -s 'group_by(.list | length) | map({k: .[0].list | length, n: length})' -c d; jq -r '.name | test("9$")' d | sort | uniq -c
jq -n '[limit(5; repeat(1))] | @csv' ; echo '{"a":[' | jq . || echo $?
""")
entry("bc", "bc", "bc", r"""
echo 'scale=600; 4*a(1); sqrt(2); e(1); define f(n) { if (n < 2) return 1; return n * f(n - 1) }; f(400); 2^5000 % 10^40' | bc -l | md5sum
""")
entry("dc", "dc", "dc", r"dc -e '500k 2v p 10 i 3 17 ^ 1000 % p [la1+dsa*lc1-dscd0<x]sx 1sa50sc1lxx p' | md5sum")
entry("m4", "m4", "m4", r"""
cat > t.m4 <<'END'
define(`f', `ifelse(`$1', 0, , `$1 f(decr($1))')')dnl
f(300)
len(f(200))
translit(f(50), 0123456789, ABCDEFGHIJ)
esyscmd(echo sub)patsubst(f(99), 9, <>)
END
m4 t.m4 | md5sum; m4 -P <<< 'm4_eval(2**20)'
""")

# --- compilers and their tools ----------------------------------------------------------------------------------------
entry("gcc", "gcc libc6-dev", "gcc", r"""
gcc -O2 -g -Wall -Wextra $INPUT/hello.c -o h -pthread; ./h; gcc -O2 -w -c -fpreprocessed -x cpp-output $INPUT/unit.i -o u.o; sha256sum u.o
gcc -O3 -flto -w $INPUT/hello.c -o l -pthread; ./l
gcc -S -O1 -o - $INPUT/hello.c | md5sum; gcc -fsyntax-only -x c - <<< 'int main(void) { return x; }' || echo $?
gcc -E -dM - < /dev/null | wc -l; gcc -O0 -fanalyzer -c -w $INPUT/hello.c -o a.o; gcc -MM -I. $INPUT/hello.c | wc -c
""", seconds=120)
entry("g++", "g++", "g++", r"""
g++ -std=c++17 -O2 -g -Wall $INPUT/hello.cc -o h -pthread; ./h; ./h; g++ -std=c++20 -O0 -c $INPUT/hello.cc -o o; nm -C o | wc -l
echo '#include <vector>
int main() { std::vector<int> v = "no"; }' | g++ -x c++ - -fsyntax-only > e 2>&1 || grep -c error e
""", seconds=120)
entry("clang", "clang", "clang", r"""
clang -O2 -w $INPUT/hello.c -o h -pthread; ./h; clang -O2 -w -S -x cpp-output $INPUT/unit.i -o - | md5sum
clang++ -std=c++17 -O1 $INPUT/hello.cc -o x -pthread; ./x; clang -emit-llvm -S -O1 -w $INPUT/hello.c -o - | grep -c define
clang --analyze -w $INPUT/hello.c -o /dev/null
""", seconds=120)
entry("binutils", "binutils gcc", "ld objdump gcc", r"""
gcc -g -O1 -w -x cpp-output -c $INPUT/unit.i -o u.o; objdump -d -S u.o | md5sum; objdump --dwarf=info u.o | md5sum; readelf -aW u.o | md5sum
nm -S --size-sort u.o | md5sum; ld -r u.o -o v.o; size v.o | tail -1; strip -g v.o -o s.o; sha256sum s.o; ar rcD l.a u.o s.o; ranlib -D l.a
sha256sum l.a; strings -n 6 u.o | wc -l
objcopy --only-keep-debug u.o u.debug; sha256sum u.debug; echo 0x10 | addr2line -e u.o -f | wc -l
gcc -O1 -w -S -x cpp-output $INPUT/unit.i -o u.s; as u.s -o w.o; c++filt _ZNSt6vectorIiSaIiEE9push_backEOi
gcc -fuse-ld=gold -w $INPUT/hello.c -pthread -o g; ./g
""", seconds=120)
entry("make", "make gcc", "make gcc", r"""
for i in $(seq 24); do echo "int f$i(int x) { return x * $i; }" > f$i.c; done
cat > Makefile <<'END'
SRC := $(sort $(wildcard f*.c))
all: lib.a; @ar t lib.a | sort | md5sum; $(info $(words $(SRC)))
lib.a: $(SRC:.c=.o); @ar rcD $@ $^
%.o: %.c; @gcc -O1 -c $< -o $@
define X
$(1): ; @echo $(1)
endef
$(foreach n,$(shell seq 200),$(eval $(call X,t$(n))))
END
make -s -j2; make -s -q && echo fresh; make -s t7; make -pn | grep -c '^t[0-9]*:'; make none || echo $?
""", seconds=120)
entry("cmake", "cmake g++ make", "cmake g++ make", r"""
mkdir s; for i in 1 2 3 4 5 6; do echo "int f$i() { return $i; }" > s/f$i.cc; done; cp $INPUT/hello.cc s/main.cc
cat > CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(x CXX C)
find_package(Threads REQUIRED)
file(GLOB F s/f*.cc)
add_library(l STATIC ${F})
add_executable(p s/main.cc)
target_link_libraries(p l Threads::Threads)
enable_testing()
add_test(NAME t COMMAND p)
foreach(i RANGE 500)
list(APPEND L "v${i}")
endforeach()
list(SORT L)
list(LENGTH L n)
message(STATUS "n=${n}")
END
cmake -S . -B b | grep n=; cmake --build b -j2 > log; b/p; cd b; ctest > log; grep -c 'Passed' log; cmake --install . --prefix x > /dev/null
cpack --version | head -1
""", seconds=180)
entry("bison-flex", "bison flex gcc", "bison flex gcc", r"""
cat > p.y <<'END'
%{
#include <stdio.h>
int yylex(void);
void yyerror(const char *message);
%}
%token N
%left PLUS
%left TIMES
%%
all: e { printf("%d\n", $1); };
e: e PLUS e { $$ = $1 + $3; } | e TIMES e { $$ = $1 * $3; } | N;
%%
void yyerror(const char *message) { puts(message); }
int main(void) { return yyparse(); }
END
cat > l.l <<'END'
%{
#include <stdlib.h>
#include "p.tab.h"
%}
%option noyywrap nounput noinput
%%
[0-9]+ { yylval = atoi(yytext); return N; }
"+" return PLUS;
"*" return TIMES;
[ \n] ;
%%
END
bison -d p.y; flex l.l; gcc -w p.tab.c lex.yy.c -o calc; echo '2 + 3 * 4 + 50' | ./calc; bison -v --report=all -o q.c p.y; wc -l < q.output
flex -Cf -t l.l | wc -l
""")
entry("gdb", "gdb gcc", "gdb gcc", r"""
cat > t.c <<'END'
#include <stdlib.h>
int deep(int n) { return n ? deep(n - 1) + 1 : 7; }
int main(void) { void *p = malloc(5); free(p); return deep(9) - 16; }
END
gcc -g -O0 t.c -o t
gdb -nx -batch -ex 'info line deep' -ex 'ptype main' ./t | head -3
gdb -nx -batch -ex 'set debuginfod enabled off' -ex 'break deep if n == 0' -ex run -ex bt \
	-ex 'python print(gdb.selected_frame().name())' -ex 'delete' \
	-ex continue ./t 2> /dev/null | grep -E '^#|^deep|exited' | sed -E 's/0x[0-9a-f]+ in //; s/process [0-9]+/process/'
""", compare="output", seconds=120)
entry("strace", "strace", "strace", r"""
strace -f -o log -e trace=execve true; grep -c execve log; strace -qq -c -o log sh -c 'echo hi | cat'; tail -1 log | awk '{ print $NF }'
strace -o log false || echo $?
""")
entry("rustc", "rustc", "rustc", r"""
cat > t.rs <<'END'
use std::collections::HashMap;
use std::thread;

fn main() {
    let mut map: HashMap<String, Vec<u32>> = HashMap::new();
    for i in 0..20000u32 {
        map.entry(format!("k{}", i % 300)).or_default().push(i);
    }
    let threads: Vec<_> = (0..3).map(|k| thread::spawn(move || (0..1000u64).map(|x| format!("{}", x * k).len()).sum::<usize>())).collect();
    println!("{} {}", map.len(), threads.into_iter().map(|t| t.join().unwrap()).sum::<usize>());
}
END
rustc --version; rustc -O t.rs; ./t; echo 'fn main() { let x: u8 = "no"; }' > b.rs; rustc b.rs || echo $?
""", seconds=180, compare="output")
entry("cargo", "cargo", "cargo rustc", r"""
cargo new -q --vcs none --bin p; cd p; echo '#[test] fn t() { assert_eq!(String::from("ab").len(), 2); }' >> src/main.rs
cargo run -q --offline; cargo test -q --offline | grep -c 'test result: ok'; cargo tree --offline --depth 0 | cut -d' ' -f1,2
""",
      seconds=180, compare="output")
entry("gettext", "gettext", "xgettext msgfmt", r"""
echo 'void f(void) { puts(gettext("a")); puts(ngettext("b", "c", 2)); }' > t.c
xgettext -k -kgettext -kngettext:1,2 t.c -o - | grep -c msgid; xgettext -kgettext t.c --omit-header -o t.po
printf 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\nmsgid "a"\nmsgstr "b"\n' > u.po; msgfmt -o t.mo u.po; msgunfmt t.mo
msgmerge -q t.po t.po | md5sum
""")

# --- databases and servers --------------------------------------------------------------------------------------------
entry("sqlite3", "sqlite3", "sqlite3", r"""
sqlite3 -batch -init /dev/null :memory: ".read $INPUT/script.sql" | sha256sum
sqlite3 -init /dev/null f.db "create table t(a, b);
	with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) insert into t select i, printf('%08x', i * 77) from n;
	create index i on t(b); analyze; pragma integrity_check; select count(*), max(b) from t where b like '%7'; vacuum"
sqlite3 -init /dev/null f.db .dump | sha256sum
sqlite3 -init /dev/null -json f.db 'select json_group_array(b) as x from (select * from t limit 3);
	select quote(zeroblob(5)), sum(a) over () from t limit 1'
sqlite3 -init /dev/null :memory: 'create virtual table v using fts5(x); insert into v values ("heap zone");
	select * from v where v match "zone"'
sqlite3 -init /dev/null :memory: 'select no' || echo $?
""", seconds=120)
entry("redis", "redis-server redis-tools", "redis-server redis-benchmark redis-cli", r"""
redis-server --port 0 --unixsocket $PWD/s --save '' --dir . --io-threads 2 > log & server=$!
for i in $(seq 100); do redis-cli -s s ping > /dev/null 2>&1 && break; sleep 0.1; done
redis-benchmark -s s -n 10000 -c 20 -P 4 -r 5000 -q -t set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset > bench
tr '\r' '\n' < bench | grep -c 'requests per second'
redis-cli -s s flushall; seq 1 3000 | sed 's/.*/set key& value&/' | redis-cli -s s | sort | uniq -c; redis-cli -s s get key77
redis-cli -s s eval 'local t = {} for i = 1, 100 do t[i] = redis.call("get", "key" .. i) end return #table.concat(t)' 0
redis-cli -s s memory usage key5 > /dev/null; redis-cli -s s setrange big 100000 x; redis-cli -s s append key5 more
redis-cli -s s bgsave > /dev/null; sleep 1; redis-cli -s s debug sleep 0 > /dev/null || true; redis-cli -s s dbsize
redis-cli -s s shutdown nosave; wait $server; grep -ci 'crash\|guru' log || echo clean
""", seconds=120)
entry("memcached", "memcached", "memcached perl", r"""
memcached -u root -s $PWD/s -m 16 -t 2 & server=$!
for i in $(seq 100); do [ -S s ] && break; sleep 0.1; done
perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new("s") or die;
	for my $n (1 .. 5000) { print $s "set k$n 0 0 10\r\n", "0123456789\r\n"; <$s> } print $s "get k77\r\n"; print scalar <$s> for 1 .. 3;
	for my $n (1 .. 5000) { print $s "delete k$n\r\n"; <$s> } print $s "get k77\r\nquit\r\n"; print <$s>'
kill -TERM $server; wait $server || true
""", compare="output")
entry("nginx", "nginx-light curl apache2-utils", "nginx curl ab", r"""
mkdir w; cp $INPUT/text.txt w/t; echo hello > w/h; head -c 3000000 /dev/zero > w/z
cat > c <<END
daemon off; master_process on; worker_processes 2; pid $PWD/pid; error_log $PWD/error; user root;
events { worker_connections 128; }
http { access_log off; client_body_temp_path $PWD/1; proxy_temp_path $PWD/2; fastcgi_temp_path $PWD/3; uwsgi_temp_path $PWD/4;
	scgi_temp_path $PWD/5; gzip on; gzip_types *; gzip_min_length 1;
server { listen 127.0.0.1:$PORT; root $PWD/w; location /p { proxy_pass http://127.0.0.1:$PORT/t; } location /r { return 302 /h; } } }
END
nginx -c $PWD/c -p $PWD -e $PWD/error & server=$!
for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:$PORT/h && break; sleep 0.1; done
for p in h t p r no; do curl -s -o out -w '%{http_code} ' http://127.0.0.1:$PORT/$p; grep -v nginx/ out | md5sum; done
curl -s --compressed http://127.0.0.1:$PORT/t | md5sum; curl -s -r 5-900000 http://127.0.0.1:$PORT/z | wc -c
ab -q -n 3000 -c 20 http://127.0.0.1:$PORT/h > ab; grep -E 'Complete|Failed' ab
ab -q -k -n 500 -c 10 -H 'Accept-Encoding: gzip' http://127.0.0.1:$PORT/t > ab; grep -E 'Complete|Failed' ab
kill -HUP $server; sleep 0.5; curl -s http://127.0.0.1:$PORT/h; kill -QUIT $server; wait $server
grep -c 'alert\|emerg\|signal 11' error || true
""", seconds=120, compare="output")
entry("postgresql", "postgresql", "test:ls /usr/lib/postgresql/*/bin/initdb", r"""
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1); as() { "$@"; }
[ $(id -u) != 0 ] || as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
chmod 777 .; as $bin/initdb -D $PWD/d -U x -A trust -N --locale=C > log
as $bin/pg_ctl -s -w -D $PWD/d -l $PWD/log2 -o "-c listen_addresses= -c unix_socket_directories=$PWD -F" start > /dev/null
psql() { as $bin/psql -X -q -A -t -h $PWD -U x postgres "$@"; }
psql -c "create table t as select i, md5(i::text) m from generate_series(1, 30000) i" -c "create index on t(m)" -c "analyze t" \
	-c "select count(*), min(m), max(m) from t where m like 'a%'" \
	-c "select length(string_agg(m, ',' order by i)), count(distinct substr(m, 1, 3)) from t" -c "select jsonb_agg(i) from t where i < 9" \
	-c "with recursive f(a, b) as (values (0, 1) union all select b, a + b from f where b < 999) select max(a) from f"
as $bin/pgbench -i -q -h $PWD -U x postgres > log3 2>&1; as $bin/pgbench -n -c 4 -j 2 -t 200 -h $PWD -U x postgres > log4 2>&1
grep 'actually' log4; as $bin/pg_dump -h $PWD -U x postgres | grep -c '^COPY'; as $bin/pg_ctl -s -w -D $PWD/d -m fast stop
grep -c 'PANIC\|terminated by signal' log2 || true
""", seconds=180, compare="output")
entry("curl", "curl", "curl", r"""
curl -s file://$INPUT/text.txt | md5sum; curl -sS file:///nonexistent || echo $?; curl --version | tail -1 | wc -w
curl -s --no-progress-meter --parallel file://$INPUT/numbers.txt -o a file://$INPUT/text.txt -o b; cmp b $INPUT/text.txt
curl -s http://127.0.0.1:1/ || echo $?
""")

# --- cryptography -----------------------------------------------------------------------------------------------------
entry("openssl-speed", "openssl", "openssl", r"""
openssl speed -seconds 1 -bytes 1024 -evp aes-128-gcm; openssl speed -seconds 1 -bytes 8192 sha256; openssl speed -seconds 1 rsa2048
openssl speed -seconds 1 -multi 2 ecdsap256
""",
      compare="status")
entry("openssl", "openssl", "openssl", r"""
openssl dgst -sha256 $INPUT/text.txt | sed 's/.*= //'
openssl enc -aes-256-cbc -pbkdf2 -k pass -S 0102030405060708 -in $INPUT/text.txt | sha256sum; openssl genrsa -out k 2048 2> /dev/null
openssl req -new -x509 -key k -days 9 -subj /CN=x -out c; openssl x509 -in c -noout -subject; openssl verify -CAfile c c
echo data > d; openssl dgst -sha256 -sign k -out s d; openssl dgst -sha256 -verify <(openssl rsa -in k -pubout 2> /dev/null) -signature s d
openssl pkcs12 -export -inkey k -in c -passout pass:x -out p; openssl pkcs12 -in p -passin pass:x -nodes | grep -c BEGIN
openssl ecparam -genkey -name prime256v1 -noout | openssl ec -noout -text 2> /dev/null | tail -1; openssl asn1parse -in c | wc -l
openssl s_server -accept 127.0.0.1:$PORT -cert c -key k -www -naccept 2 -quiet > /dev/null 2>&1 & for i in 1 2; do for t in $(seq 50)
do echo GET / | openssl s_client -connect 127.0.0.1:$PORT -CAfile c -quiet > out 2> /dev/null && break; sleep 0.1; done
grep -c 'HTTP/1.0 200' out || true; done
wait
""", compare="output", seconds=120)
entry("ssh", "openssh-client", "ssh ssh-keygen", r"""
ssh -V 2>&1 | cut -c1-7; ssh -F /dev/null -G localhost | sort | md5sum
for t in ed25519 ecdsa; do ssh-keygen -q -t $t -N '' -C c -f $t; done; ssh-keygen -q -t rsa -b 2048 -N pass -C c -f rsa
ssh-keygen -y -P pass -f rsa | cut -c1-20; echo data | ssh-keygen -q -Y sign -f ed25519 -n x > sig; echo "me $(cat ed25519.pub)" > allowed
echo data | ssh-keygen -Y verify -f allowed -I me -n x -s sig | cut -d' ' -f1-6; eval "$(ssh-agent -s)" > /dev/null
ssh-add -q ed25519 ecdsa; ssh-add -l | awk '{ print $1, $NF }'; ssh-agent -k > /dev/null
ssh -F /dev/null -o BatchMode=yes -p 1 127.0.0.1 true 2> /dev/null || echo $?
""", compare="output")
entry("gpg", "gpg gpg-agent", "gpg gpgconf", r"""
mkdir -m 700 g; export GNUPGHOME=$PWD/g; gpg --version | head -1
gpg --batch --quiet --passphrase '' --pinentry-mode loopback --quick-gen-key 'x <x@localhost>' ed25519 sign never 2> /dev/null
gpg --batch -K --with-colons 2> /dev/null | cut -d: -f1,3,4 | head -2
cp $INPUT/text.txt t; gpg --batch --quiet --passphrase p --pinentry-mode loopback -o t.gpg -c t
gpg --batch --quiet --passphrase p --pinentry-mode loopback -d t.gpg | cmp - t; gpg --batch --quiet -s -o t.sig t
gpg --batch --quiet --verify t.sig 2> /dev/null
gpg --batch --passphrase p --pinentry-mode loopback --list-packets t.gpg 2> /dev/null | grep -c ^:; gpg --print-md sha256 < t | md5sum
gpgconf --kill all
""", compare="output", seconds=120)

# --- documents, editors, terminals ------------------------------------------------------------------------------------
entry("man", "man-db groff-base", "man groff", r"""
printf '.TH X 1\n.SH NAME\nx \\- y\n.SH TEXT\n.TP\n.B a\nfirst\n.PP\n' > x.1
for i in $(seq 200); do echo "Some words of text $i and \\fBmore\\fR."; done >> x.1
MANWIDTH=72 man -l x.1 | md5sum; groff -man -Tascii x.1 | md5sum
printf '.TS\nbox;\nl n.\na\t1\nb\t22\n.TE\n.EQ\nx over y\n.EN\n' | groff -t -e -Tascii | grep -c a; troff -ms x.1 | wc -l
printf 'é ü\n' | preconv -e utf-8
""", compare="output")
entry("ghostscript", "ghostscript", "gs", r"""
cat > p.ps <<'END'
%!PS
/Helvetica findfont 20 scalefont setfont
1 1 60 { dup 10 mul 20 moveto 0.1 setlinewidth 0 30 rlineto stroke } for
50 300 moveto (Hello heap) show
200 200 90 0 360 arc fill showpage
0 1 20000 { pop 10 array pop 20 string pop } for (page two) print showpage
END
gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=pnggray -r72 -sOutputFile=o%d.png p.ps; sha256sum o1.png
gs -q -dNOPAUSE -dBATCH -sDEVICE=pdfwrite -o o.pdf p.ps; gs -q -dNOPAUSE -dBATCH -sDEVICE=txtwrite -o - o.pdf
""", seconds=120)
entry("imagemagick", "imagemagick", "convert identify", r"""
convert -seed 5 -size 200x200 plasma:red-blue -blur 0x2 -rotate 30 -resize 50% a.png; identify a.png | cut -d' ' -f2,5
convert gradient: -crop 8x8+0+0 +repage txt: | head -3
convert -size 64x64 xc:red -fill white -draw 'circle 32,32 32,5' rgb:- | md5sum
""", compare="output")
entry("xmllint", "libxml2-utils", "xmllint", r"""
{ echo '<r>'; for i in $(seq 4000); do echo "<i n='$i'><t>text &amp; $i</t></i>"; done; echo '</r>'; } > x.xml
xmllint --format x.xml | md5sum; xmllint --xpath 'count(//i[@n mod 7 = 0])' x.xml; echo; xmllint --stream --noout x.xml
xmllint --html --noout - <<< '<p>a<b>c' ; echo '<a><b></a>' | xmllint - || echo $?; xmllint --c14n x.xml | sha256sum
""")
entry("vim", "vim", "vim", r"""
cp $INPUT/text.txt t
vim -N -u NONE -i NONE -n -es -c '%s/heap/HEAP/g' -c 'g/zone/m0' -c 'sort u' -c '1,50join' -c 'normal! gg0xp' -c 'w! out' \
	-c 'qa!' t < /dev/null || true
md5sum out
vim -N -u NONE -i NONE -n -es -c 'let d = {}' -c 'for i in range(20000) | let d[i % 300] = repeat("x", i % 40) | endfor' \
	-c 'call writefile([len(d), json_encode(sort(keys(d)))], "o2")' -c 'syntax on' -c 'split' -c 'help' -c 'qa!' < /dev/null || true
md5sum o2
""")
entry("ed", "ed", "ed", r"""
cp $INPUT/numbers.txt t; printf '1,100d\n,s/7/seven/g\ng/9$/m0\n$a\nend\n.\nw\nq\n' | ed -s t; md5sum t
""")
entry("less", "less", "less", r"""
LESSHISTFILE=- less -EX $INPUT/text.txt | md5sum; less -N -p heap $INPUT/numbers.txt < /dev/null | md5sum
""")
entry("tmux", "tmux", "tmux", r"""
export TERM=screen; tmux -S $PWD/s -f /dev/null new-session -d -x 80 -y 24 "exec bash --norc"
tmux -S s split-window -h "cat $INPUT/numbers.txt; echo end > done; exec cat"; for i in $(seq 100); do [ -e done ] && break; sleep 0.1
done; for i in 1 2 3 4 5; do tmux -S s new-window -n w$i 'exec cat'; tmux -S s select-layout tiled; done; sleep 1
tmux -S s list-windows -F '#{window_index} #{window_panes}'; tmux -S s capture-pane -p -t 0.1 -S -20 | grep -c '[0-9]'
tmux -S s set-buffer hello; tmux -S s show-buffer; echo; tmux -S s kill-server; sleep 0.3
""")
entry("file", "file", "file", r"""
cd $INPUT; file -b text.txt script.sql hello.c hello.cc; file -b --mime $(readlink -f /bin/sh) | cut -d';' -f1
gzip -c text.txt | file -b - | cut -d, -f1; file -zb <(gzip -c hello.c) | cut -c1-8
""")
entry("locale", "libc-bin", "locale iconv getent", r"""
locale -a | head -3; iconv -f utf-8 -t utf-16 $INPUT/text.txt | iconv -f utf-16 -t iso-8859-1 | cmp - $INPUT/text.txt; iconv -l | wc -w
getent passwd root | cut -d: -f1,3; getent hosts 127.0.0.1 | wc -l; getconf PAGE_SIZE; localedef --list-archive 2> /dev/null | wc -l
""")
entry("procps", "procps util-linux", "ps lsblk", r"""
ps -o comm= -p $$; top -b -n 1 | grep -c PID; vmstat | wc -l; free | wc -l; pgrep -x no-such-name || echo $?; setarch -R true
flock f echo locked; column -t <(seq 5 | paste - -); hexdump -C $INPUT/hello.c | md5sum; script -qec 'echo in a terminal' /dev/null
getopt -o ab: -- -a -b c; rev <<< abc; cal 2 2024 2> /dev/null || true; lsblk > /dev/null || true; taskset 1 nproc
""")

# --- more of the kinds that preloads broke -----------------------------------------------------------------------------
entry("zsh", "zsh", "zsh", r"""
zsh -fc 'typeset -A m; for i in {1..20000}; do m[k$((i % 500))]+=x$i; done; s=0; for k in ${(k)m}; do ((s += ${#m[$k]})); done; echo $s'
zsh -fc 'for f in $INPUT/tree/*/*(.L+200); do print ${f:t}; done | sort | wc -l; x=(${(f)"$(<$INPUT/text.txt)"}); print $#x ${(U)x[77]}'
zsh -fc 'autoload -Uz compinit zmv; f() { (($1)) && f $(($1 - 1)) || print bottom }; f 300; (print sub; exit 3) || print $?; sleep 0 & wait'
""")
entry("gawk", "gawk", "gawk", r"""
gawk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { c = asorti(n, k); for (i = 1; i <= 5; i++) print k[i], n[k[i]] }' $INPUT/text.txt
gawk -M 'BEGIN { x = 1; for (i = 1; i < 200; i++) x *= i; print x % 1000000007; print gensub(/(a)(b)/, "\\2\\1", "g", "abab") }'
""")
entry("emacs", "emacs-nox", "emacs", r"""
emacs -Q --batch --eval '(let ((m (make-hash-table :test (quote equal)))) (dotimes (i 50000) (push i (gethash (format "k%d" (% i 300)) m)))
	(garbage-collect) (princ (hash-table-count m)))'; echo
cp $INPUT/text.txt t; chmod u+w t
emacs -Q --batch t --eval '(progn (sort-lines nil (point-min) (point-max)) (replace-regexp-in-region "heap" "HEAP" (point-min))
	(write-file (expand-file-name "out" (getenv "HOME"))))' 2> /dev/null; md5sum out
printf '(defun f (x) (mapcar (lambda (y) (+ x y)) (number-sequence 1 5)))\n(princ (f 3))\n' > f.el
emacs -Q --batch -f batch-byte-compile f.el; emacs -Q --batch -l f.elc; echo
emacs -Q --batch --eval '(princ (with-temp-buffer (c-mode) (insert-file-contents "'$INPUT/hello.c'") (font-lock-ensure) (buffer-size)))'; echo
emacs -Q --batch --eval '(princ (shell-command-to-string "echo from the shell"))'
""", compare="output", seconds=120)
# Catches SIGSEGV for its write barrier.
entry("sbcl", "sbcl", "sbcl", r"""
cat > t.lisp <<'END'
(defun fill-table (n) (let ((table (make-hash-table :test 'equal))) (dotimes (i n table) (push i (gethash (format nil "k~d" (mod i 300)) table)))))
(loop repeat 3 do (print (hash-table-count (fill-table 100000))) (sb-ext:gc :full t))
(print (handler-case (error "expected") (error (e) (princ-to-string e))))
(print (handler-case (labels ((f (n) (1+ (f n)))) (f 1)) (storage-condition () :exhausted)))
(let ((threads (loop for k below 4 collect (let ((k k)) (sb-thread:make-thread (lambda () (length (fill-table-list k))))))))
  (defun fill-table-list (k) (loop for i below 50000 collect (list i k)))
  (print (mapcar #'sb-thread:join-thread threads)))
END
sed -i 's/^(let ((threads/(defun fill-table-list (k) (loop for i below 50000 collect (list i k)))\n&/' t.lisp
sbcl --noinform --non-interactive --no-sysinit --no-userinit --load t.lisp 2> /dev/null
""", compare="output", seconds=120)
entry("guile", "guile-3.0", "guile", r"""
guile --no-auto-compile -c '(use-modules (ice-9 threads) (ice-9 regex)) (define h (make-hash-table))
	(do ((i 0 (1+ i))) ((= i 100000)) (hash-set! h (modulo i 300) (list i (number->string i)))) (gc)
	(display (hash-count (const #t) h)) (newline) (display (par-map (lambda (n) (string-length (number->string (expt n 999)))) (iota 8 2)))
	(newline) (display (catch #t (lambda () (error "x")) (lambda (k . a) k)))'
""", seconds=120)
entry("ocaml", "ocaml-nox", "ocaml ocamlc", r"""
echo 'let () = let h = Hashtbl.create 7 in for i = 0 to 100000 do Hashtbl.replace h (string_of_int (i mod 500)) (List.init 5 (fun x -> x + i)) done;
	Gc.compact (); Printf.printf "%d\n" (Hashtbl.length h); try ignore (List.hd []) with Failure m -> print_endline m' > t.ml
ocaml t.ml; ocamlc -o t t.ml; ocamlrun t 2> /dev/null || ./t
""")
entry("erlang", "erlang-base", "erl", r"""
erl -noshell -eval 'P = [spawn_monitor(fun() -> exit(length([integer_to_list(I * K) || I <- lists:seq(1, 20000)])) end) || K <- lists:seq(1, 20)],
	io:format("~p~n", [lists:usort([receive {"DOWN", R, _, _, X} -> X; {_, R, _, _, X} -> X end || {_, R} <- P])]),
	T = ets:new(t, [public]), [ets:insert(T, {I, lists:duplicate(I rem 50, x)}) || I <- lists:seq(1, 30000)],
	io:format("~p ~p~n", [ets:info(T, size), erlang:md5(term_to_binary(lists:seq(1, 1000)))]), halt().'
""", seconds=120)
entry("r", "r-base-core", "R", r"""
cat > t.R <<'END'
x <- sapply(1:20000, function(i) paste0("k", i %% 300)); print(head(table(x), 3))
m <- matrix(1:40000 %% 97, 200); print(sum(m %*% t(m))); print(summary(lm(y ~ x, data.frame(x = 1:50, y = (1:50)^2)))$r.squared)
invisible(gc()); tryCatch(stop("x"), error = function(e) cat("caught\n"))
END
R --vanilla --slave -f t.R
""", seconds=120)
entry("luajit", "luajit", "luajit", r"""
luajit -e 'local t = {} for i = 1, 400000 do t[i % 1000] = { i, tostring(i), string.rep("x", i % 50) } end collectgarbage() print(#t)
	local ffi = require "ffi" ffi.cdef "void *malloc(size_t); void free(void *);" for i = 1, 100000 do ffi.C.free(ffi.C.malloc(i % 1000)) end
	print(pcall(error, "x"))'
""")
entry("go", "golang-go gcc", "go gcc", r"""
mkdir m; cd m; export GOCACHE=$PWD/cache GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=1; go mod init example.invalid/x 2> /dev/null
cat > x.go <<'END'
package main

// #include <stdlib.h>
import "C"

import (
	"fmt"
	"sync"
)

func main() {
	var group sync.WaitGroup
	for k := 0; k < 8; k++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 1; i < 5000; i++ {
				C.free(C.malloc(C.size_t(i)))
			}
		}()
	}
	group.Wait()
	defer func() { fmt.Println("recovered:", recover() != nil) }()
	var none *int
	fmt.Println(*none)
}
END
go build -o x . 2> /dev/null; ./x; go vet . ; gofmt -l .
""", seconds=240, compare="output")
entry("ffmpeg", "ffmpeg", "ffmpeg ffprobe", r"""
in="-f lavfi -i testsrc2=duration=2:size=192x144:rate=12 -f lavfi -i sine=frequency=440:duration=2"
ffmpeg -v error -nostdin $in -c:v mpeg4 -flags +bitexact -c:a flac -y a.mkv; ffprobe -v error -show_entries stream=codec_name,width -of csv a.mkv
ffmpeg -v error -nostdin -i a.mkv -vf scale=96:72,hue=h=30 -f framemd5 - | md5sum
ffmpeg -v error -nostdin $in -c:v libx264 -preset ultrafast -threads 2 -y b.mp4; ffmpeg -v error -nostdin -threads 2 -i b.mp4 -f null -
ffmpeg -v error -nostdin -i /nonexistent -f null - || echo $?
""", seconds=120, compare="output")
entry("gnuplot", "gnuplot-nox", "gnuplot", r"""
echo 'set term svg; set output "o.svg"; set samples 300; plot sin(x) title "s", "'$INPUT/numbers.txt'" every 100 using 2 with lines; splot x*y' | gnuplot
grep -c path o.svg
""")
entry("poppler", "poppler-utils ghostscript", "pdftotext gs", r"""
printf '%%!PS\n/Helvetica findfont 20 scalefont setfont 1 1 20 { pop 50 300 moveto (Hello heap) show showpage } for\n' > p.ps
gs -q -dNOPAUSE -dBATCH -sDEVICE=pdfwrite -o o.pdf p.ps; pdftotext o.pdf - | sort | uniq -c; pdfinfo o.pdf | grep Pages; pdftoppm -r 40 o.pdf p
cat p-*.ppm | md5sum; pdffonts o.pdf | wc -l
""", compare="output")
entry("graphviz", "graphviz", "dot", r"""
{ echo 'digraph g {'; for i in $(seq 150); do echo "n$i -> n$((i * 7 % 150)); n$i -> n$((i * i % 150)) [label=$i];"; done; echo '}'; } > g
dot -Tsvg g | grep -c edge; neato -Tplain g | wc -l; dot -Tpng g > o.png; gc -n g
""", seconds=120, compare="output")
entry("lld", "lld gcc", "ld.lld gcc", r"""
gcc -O1 -g -w -fuse-ld=lld $INPUT/hello.c -o h -pthread; ./h; gcc -fuse-ld=lld -Wl,--gc-sections,--icf=all,--threads=2 -w $INPUT/hello.c -o i -pthread
./i; ld.lld --no-such-option 2> /dev/null || echo $?
""")
entry("fakeroot", "fakeroot", "fakeroot", r"""
fakeroot sh -c 'touch f; chown daemon:bin f; stat -c "%U %G" f; mknod n c 1 3; stat -c %F n; tar -cf t.tar f n; id -u'; tar -tvf t.tar | awk '{ print $2 }'
""", compare="output")
entry("su", "login util-linux", "su setpriv unshare", r"""
[ $(id -u) = 0 ] || { echo not root; exit 0; }
su nobody -s /bin/sh -c 'id -un'; setpriv --reuid=65534 --regid=65534 --clear-groups id -u; nice -n 3 chroot / true
unshare -m -u sh -c 'hostname inside; hostname' 2> /dev/null || echo refused; runuser -u nobody -- sh -c 'echo $0'
""", compare="output")
entry("bubblewrap", "bubblewrap", "bwrap", r"""
bwrap --ro-bind / / --dev /dev --unshare-pid --die-with-parent sh -c 'echo in $$' 2> /dev/null || echo refused
""", compare="output")
entry("qemu-user", "qemu-user", "qemu-x86_64", r"""
qemu-x86_64 /bin/echo from the guest; qemu-x86_64 /usr/bin/sort -u $INPUT/numbers.txt | md5sum; qemu-x86_64 /bin/sh -c 'exit 3' || echo $?
""", compare="output", seconds=120)
entry("rsync", "rsync", "rsync", r"""
rsync -a $INPUT/tree/ a; diff -r a $INPUT/tree; for i in 1 2 3; do echo more >> a/folder$i/file$i; done; mkdir -p b; rsync -a $INPUT/tree/ b
rsync -ac --delete --stats a/ b | grep -c 'Number of'; diff -r a b; rsync -a --list-only b/folder1/ | wc -l
""")
entry("sshd", "openssh-server openssh-client", "sshd ssh ssh-keygen", r"""
[ $(id -u) = 0 ] || { echo not root; exit 0; }
mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f user; cp user.pub keys; chmod 700 . ; chmod 600 keys
/usr/sbin/sshd -D -e -f /dev/null -p $PORT -o ListenAddress=127.0.0.1 -o HostKey=$PWD/host -o AuthorizedKeysFile=$PWD/keys -o PidFile=$PWD/pid \
	-o StrictModes=no -o PermitRootLogin=yes -o UsePAM=no 2> log & server=$!
go() { ssh -F /dev/null -i user -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p $PORT root@127.0.0.1 "$@"; }
for i in $(seq 50); do go true 2> /dev/null && break; sleep 0.1; done
go 'echo there; exit 4' || echo $?; go cat < $INPUT/text.txt | md5sum; go 'head -c 300000 /dev/zero' | wc -c; kill $server; wait $server || true
grep -c -i 'crash\|terminated by signal\|fatal' log || true
""", compare="output", seconds=60)
entry("apache", "apache2-bin curl apache2-utils", "apache2 curl ab", r"""
mkdir w; echo hello > w/h; cp $INPUT/text.txt w/t
for mpm in event prefork worker; do
cat > c <<END
ServerRoot $PWD
PidFile $PWD/pid
Listen 127.0.0.1:$PORT
ServerName localhost
LoadModule mpm_${mpm}_module /usr/lib/apache2/modules/mod_mpm_$mpm.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
LoadModule filter_module /usr/lib/apache2/modules/mod_filter.so
User nobody
Group nogroup
DefaultRuntimeDir $PWD
ErrorLog $PWD/error
DocumentRoot $PWD/w
SetOutputFilter DEFLATE
END
chmod 755 . w; chmod 644 w/*
setsid apache2 -f $PWD/c -D FOREGROUND & server=$!
for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:$PORT/h && break; sleep 0.1; done
curl -s http://127.0.0.1:$PORT/h; curl -s --compressed http://127.0.0.1:$PORT/t | md5sum
ab -q -n 1000 -c 10 http://127.0.0.1:$PORT/h > ab; grep -E 'Complete|Failed' ab; kill -USR1 $server; sleep 0.5; curl -s http://127.0.0.1:$PORT/h
kill -TERM $server; wait $server || true; grep -c 'exit signal\|Segmentation' error || true; done
""", compare="output", seconds=120)
entry("haproxy", "haproxy curl", "haproxy curl", r"""
cat > c <<END
global
	nbthread 2
defaults
	mode http
	timeout client 5s
	timeout server 5s
	timeout connect 5s
frontend f
	bind 127.0.0.1:$PORT
	http-request return status 200 content-type text/plain lf-string "%[path,upper]\n" if { path_beg /x }
	http-request deny deny_status 403
END
haproxy -db -q -f c & server=$!
for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:$PORT/x && break; sleep 0.1; done
for i in $(seq 30); do curl -s http://127.0.0.1:$PORT/x$i; done | md5sum; curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:$PORT/no
kill -USR1 $server; wait $server || true
""", compare="output")
entry("dnsmasq", "dnsmasq-base", "dnsmasq perl", r"""
dnsmasq --test -C /dev/null; dnsmasq -k -C /dev/null -p $PORT --listen-address=127.0.0.1 --bind-interfaces -u root -R -h --address=/x.test/10.1.2.3 \
	--pid-file=$PWD/pid & server=$!
sleep 0.5; perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "127.0.0.1:$ENV{PORT}") or die;
	for my $n (1 .. 200) { $s->send(pack("n6", $n, 256, 1, 0, 0, 0) . "\1x\4test\0\0\1\0\1"); $s->recv(my $r, 512); $ok++ if substr($r, -4) eq "\n\1\2\3" }
	print "$ok\n"'; kill $server; wait $server || true
""", compare="output")
entry("mariadb", "mariadb-server-core mariadb-client-core", "mariadbd mariadb mariadb-install-db", r"""
user=$(id -un); mariadb-install-db --no-defaults --datadir=$PWD/d --user=$user --auth-root-authentication-method=normal --skip-test-db > log 2>&1 \
	|| { cat log; exit 1; }
mariadbd --no-defaults --datadir=$PWD/d --user=$user --socket=$PWD/s --skip-networking --innodb-buffer-pool-size=32M --pid-file=$PWD/pid > log 2>&1 &
server=$!; sql() { mariadb --no-defaults -S s -u root -N -B "$@"; }
for i in $(seq 300); do sql -e 'select 1' > /dev/null 2>&1 && break; sleep 0.1; done
sql -e 'create database x; use x; create table t(i int primary key, m varchar(40), key(m)) engine=innodb;
	insert into t select seq, md5(seq) from seq_1_to_20000; select count(*), min(m), max(m) from t where m like "a%";
	select length(group_concat(m order by i separator "")) from t where i < 50; alter table t add column j json; check table t;
	with recursive f(a, b) as (select 0, 1 union all select b, a + b from f where b < 999) select max(a) from f'
for k in 1 2 3 4; do sql x -e "begin; update t set m = reverse(m) where i % 4 = $k - 1; commit" & done; wait $(jobs -p | tail -4)
sql x -e 'select md5(group_concat(m order by i)) from t where i < 20; select no' 2> /dev/null || echo $?
kill $server; wait $server || true; grep -c 'got signal\|\[ERROR\]' log || true
""", compare="output", seconds=180)
entry("x11", "xvfb x11-utils x11-apps", "Xvfb xdpyinfo xwd", r"""
Xvfb -displayfd 3 -screen 0 320x240x24 -nolisten tcp 3> number 2> /dev/null & server=$!
for i in $(seq 100); do [ -s number ] && break; sleep 0.1; done; export DISPLAY=:$(cat number)
xdpyinfo | grep -c visual; timeout 1 xclock || echo $?; timeout 1 xeyes || echo $?; xwd -root -silent | wc -c; xprop -root | wc -l; kill $server; wait $server || true
""", compare="output")
entry("dbus", "dbus", "dbus-run-session dbus-send", r"""
dbus-run-session -- sh -c 'for i in 1 2 3 4 5; do dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames; done' \
	| grep -c string
""", compare="output")
