// SPDX-License-Identifier: MIT
// The data: lines of JSON from the page, sorted by what they are. They come from other machines and through other hands: nothing in them
// is taken for granted, a member may be missing or of another kind.

const list = value => Array.isArray(value) ? value : [];
const object = value => value && typeof value === "object" && !Array.isArray(value) ? value : {};
const string = value => value === undefined || value === null ? "" : typeof value === "object" ? "" : String(value);
const number = value => { const n = Number(value); return typeof value !== "boolean" && Number.isFinite(n) ? n : 0; };
const known = value => value !== undefined && value !== null;

const data = {
	items: [],
	maps: [],
	histories: [],
	growths: [],
	leaks: [],
	statistics: [],
	processes: new Set(),
	modules: new Set(),
	kinds: new Map(),
	damaged: 0
};

const baseName = path => string(path).replace(/^.*\//, "");
const processName = report => {
	const p = object(report.process);
	return (baseName(p.program) || "process") + " [" + string(p.pid) + "]" + (p.host ? " on " + string(p.host) : "");
};
const reportTime = report => { const p = object(report.process); return number(p.started) + number(p.seconds); };

// Code that stands between the program's mistake and the library: it says little of what is wrong.
const isSystem = frame =>
	/(^|\/)(libc|libstdc\+\+|libc\+\+|libm|libpthread|ld-linux[^/]*|libgcc_s|libmalloc_debug)[.-][^/]*$/.test(string(frame.module)) ||
	/^(\/usr\/include\/|\.\.?\/(sysdeps|csu|libio|malloc|string|stdlib|nptl)\/)/.test(string(frame.file));
const shortSite = site => string(site).replace(/^\/\S*\/(\S)/, "$1"); // "/folder/file.c:3 in main"
const siteFrame = stack => list(stack).find(frame => !isSystem(object(frame))) || list(stack)[0];
const frameName = frame =>
	string(frame.function) || (frame.module ? baseName(frame.module) + "+" + string(frame.offset) : string(frame.pc));
const framePlace = frame => frame.file
	? string(frame.file) + (frame.line ? ":" + string(frame.line) + (frame.column ? ":" + string(frame.column) : "") : "")
	: frame.module ? string(frame.module) + "+" + string(frame.offset)
		       : "";
const siteText = stack => {
	const f = siteFrame(stack);
	return f ? (f.file ? baseName(f.file) + (f.line ? ":" + string(f.line) : "") + " in " : "") + frameName(f) : "no stack";
};

function stacksOf(report) {
	const block = object(report.block), call = object(report.call);
	return [call.stack, object(block.allocated).stack, object(block.freed).stack, report.stack].map(list);
}

function addItem(report, kind, about) {
	const item = {
		index: data.items.length,
		kind,
		report,
		process: processName(report),
		time: reportTime(report),
		seconds: number(object(report.process).seconds),
		title: "",
		site: "",
		fingerprint: "",
		stacks: [],
		part: null,
		...about
	};
	const words = [kind, item.title, item.site, item.process, item.fingerprint, item.extra], modules = new Set();
	for (const stack of item.stacks)
		for (const frame of stack) {
			words.push(frame.function, frame.file, frame.module && baseName(frame.module));
			if (frame.module)
				modules.add(baseName(frame.module));
		}
	item.words = words.filter(known).map(string).join("\n").toLowerCase();
	item.modules = modules;
	modules.forEach(module => data.modules.add(module));
	data.processes.add(item.process);
	data.kinds.set(kind, (data.kinds.get(kind) || 0) + 1);
	data.items.push(item);
}

// What the page is called where whoever wrote it knew no better.
function pageName() {
	const programs =
		new Set([...data.items, ...data.maps, ...data.histories].map(each => baseName(object(each.report.process).program)));
	return document.title !== "malloc-debug" || programs.size !== 1 || programs.has("") ? document.title
											    : [...programs][0] + " – malloc-debug";
}

// A map and a history name stacks by id, and these name frames by number; here an id finds its frames.
function stackTable(report) {
	const frames = list(report.frames), table = new Map();
	for (const stack of list(report.stacks))
		table.set(stack.id, list(stack.frames).map(i => frames[i]).filter(frame => frame && typeof frame === "object"));
	return table;
}

const readers = {
	error(r) {
		addItem(r, string(r.error) || "error", {
			title: string(r.title),
			site: shortSite(r.site) || siteText(stacksOf(r)[0]),
			fingerprint: string(r.fingerprint),
			stacks: stacksOf(r),
			extra: [r.address, object(r.block).address].filter(known).join("\n")
		});
	},
	leaks(r) {
		data.leaks.push(r);
		for (const group of list(r.groups).map(object))
			addItem(r, string(group.kind) + (group.kind === "reachable" ? " block" : " leak"), {
				part: group,
				fingerprint: string(group.fingerprint),
				stacks: [list(group.stack)],
				site: siteText(group.stack),
				title: bytesText(number(group.bytes)) + " in " + countText(number(group.blocks), "block"),
				extra: object(group.sample).address
			});
	},
	growth(r) {
		data.growths.push(r);
		for (const stack of list(r.stacks).map(object))
			addItem(r, "growth", {
				part: stack,
				fingerprint: string(stack.fingerprint),
				stacks: [list(stack.stack)],
				site: siteText(stack.stack),
				title: "rose by " + bytesText(number(stack.rise))
			});
	},
	write(r) {
		addItem(r, "write",
			{ title: "write to " + string(object(r.watched).address), site: siteText(r.stack), stacks: [list(r.stack)] });
	},
	message(r) { addItem(r, "message", { title: string(r.text).slice(0, 200), extra: r.text }); },
	statistics(r) {
		data.statistics.push(r);
		addItem(r, "statistics", { title: "counters and totals of the heap" });
	},
	map(r) {
		const seconds = secondsText(number(object(r.process).seconds));
		data.maps.push({ report: r, name: processName(r) + ", " + seconds, stacks: stackTable(r) });
	},
	history(r) {
		const what = r.address ? string(r.address) : secondsText(number(object(r.process).seconds));
		data.histories.push({ report: r, name: processName(r) + ", " + what, stacks: stackTable(r) });
	}
};

function readData() {
	for (const element of document.querySelectorAll("script.data")) {
		for (const line of element.textContent.split("\n")) {
			if (!line.startsWith("{"))
				continue;
			try {
				const report = object(JSON.parse(line));
				if (Object.hasOwn(readers, string(report.type)))
					readers[report.type](report);
			} catch (error) {
				data.damaged++;
			}
		}
		element.remove(); // the text is not needed twice
	}
	data.items.sort((a, b) => b.time - a.time || a.index - b.index);
	data.items.forEach((item, i) => { item.index = i; });
	for (const each of [data.maps, data.histories])
		each.sort((a, b) => reportTime(b.report) - reportTime(a.report));
	for (const each of [data.growths, data.leaks])
		each.sort((a, b) => reportTime(b) - reportTime(a));
}
