# SPDX-License-Identifier: MIT
"""Input files of the workloads: generated, so that every machine and every version of this tree measures the same thing."""
import os
import subprocess

WORDS = ("allocate block cache debug entry frame guard heap index join key list map node offset page queue range stack table user value "
         "zone").split()


def numbers(seed):
    """The same pseudo-random numbers for ever, whatever Python's own generator becomes."""
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        yield seed >> 33


def write_sql(path, people=4000):
    """A few tables with indexes; inserts, joins, aggregates, updates and deletes."""
    rnd = numbers(1)
    with open(path, "w") as out:
        print("PRAGMA journal_mode=off;\nPRAGMA temp_store=memory;", file=out)
        print("CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, town TEXT);", file=out)
        print("CREATE TABLE payment(id INTEGER PRIMARY KEY, person INTEGER, amount REAL, note TEXT);", file=out)
        print("CREATE INDEX payment_person ON payment(person);\nCREATE INDEX person_town ON person(town);\nBEGIN;", file=out)
        for n in range(people):
            town, name = WORDS[next(rnd) % len(WORDS)], WORDS[next(rnd) % len(WORDS)]
            print(f"INSERT INTO person VALUES({n},'{name} {n}','{town}');", file=out)
            for _ in range(4):
                amount = next(rnd) % 10000 / 100
                print(f"INSERT INTO payment(person,amount,note) VALUES({next(rnd) % people},{amount},'{town} {name} {amount}');", file=out)
        print("COMMIT;", file=out)
        for word in WORDS:
            print(f"SELECT town,count(*),round(sum(amount),2),group_concat(upper(substr(note,1,3))) FROM person "
                  f"JOIN payment ON person=person.id WHERE name LIKE '{word}%' GROUP BY town ORDER BY town;", file=out)
            print(f"UPDATE payment SET note=replace(note,'{word}','{word.upper()}') WHERE note LIKE '%{word}%';", file=out)
            print(f"SELECT length(group_concat(note,';')) FROM payment WHERE note GLOB '*{word.upper()}*';", file=out)
        print("DELETE FROM payment WHERE amount<50;\nSELECT count(*),round(sum(amount),2) FROM payment;", file=out)


# One function of each kind; N makes names and constants differ.
C_FUNCTIONS = ("""
struct table_N { unsigned long keys[64 + N % 7]; const char *names[64 + N % 7]; unsigned count; struct table_N *next; };
static int find_N(const struct table_N *table, unsigned long key)
{
	for (; table; table = table->next)
		for (unsigned i = 0; i < table->count; i++)
			if (table->keys[i] == key && table->names[i][0] != N % 26)
				return (int)i + N;
	return -1;
}
""", """
int parse_N(const char *text, long *value)
{
	int state = 0, sign = 1;
	for (*value = 0; *text; text++)
		switch (*text) {
		case '-': sign = -sign; state = 1; break;
		case '0' ... '9': *value = *value * 10 + *text - '0'; state = 2; break;
		case ' ': case '\\t': if (state == 2) state = 3; break;
		case 'x': if (state == 2 && *value == N) return N; /* fall through */
		default: return -state;
		}
	*value *= sign;
	return state == 2 ? find_N((const struct table_N *)text, (unsigned long)*value) : N;
}
""", """
double mix_N(const double *a, const double *b, unsigned count)
{
	double sum = N, product = 1;
	for (unsigned i = 0; i + 3 < count; i += 4) {
		sum += a[i] * b[i + 1] - a[i + 2] / (b[i + 3] + N.5);
		product *= sum > N ? a[i] : -b[i];
	}
	return product > 0 ? sum : sum / product;
}
""", """
void sort_N(int *items, int count)
{
	if (count < 2)
		return;
	int pivot = items[count / 2], low = 0, high = count - 1;
	while (low <= high) {
		while (items[low] < pivot) low++;
		while (items[high] > pivot) high--;
		if (low <= high) { int item = items[low]; items[low++] = items[high]; items[high--] = item; }
	}
	sort_N(items, high + 1);
	sort_N(items + low, count - low);
}
""")


def write_c(path, copies=32):
    """C that is through the preprocessor already: no headers, so it is the same on every system."""
    with open(path, "w") as out:
        for n in range(copies):
            for function in C_FUNCTIONS:
                out.write(function.replace("N", str(n)))


def make_git(path):
    """A bare repository of some hundred commits, by fast-import: same objects and dates everywhere."""
    rnd = numbers(2)
    files = {f"part{n}.txt": [" ".join(WORDS[next(rnd) % len(WORDS)] for _ in range(8)) for _ in range(120)] for n in range(12)}
    stream = []
    for commit in range(1600):
        stream.append(f"commit refs/heads/main\ncommitter Bench <bench@localhost> {1700000000 + commit * 60} +0000\n"
                      f"data <<END\nChange {commit}\nEND\n")
        for _ in range(2):
            name = f"part{next(rnd) % len(files)}.txt"
            lines = files[name]
            for _ in range(6):
                lines[next(rnd) % len(lines)] = " ".join(WORDS[next(rnd) % len(WORDS)] for _ in range(8))
            lines.insert(next(rnd) % len(lines), f"line of commit {commit}")
            text = "\n".join(lines) + "\n"
            stream.append(f"M 100644 inline {name}\ndata {len(text)}\n{text}\n")
        stream.append("\n")
    environment = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null")
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True, env=environment)
    subprocess.run(["git", "-C", path, "fast-import", "--quiet"], input="".join(stream).encode(), check=True, env=environment)
