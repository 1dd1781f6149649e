# SPDX-License-Identifier: GPL-2.0-only
#
# usage: awk -f kbuild.awk -v dir=DIR FILE
#
# A Kbuild file as the Makefile of DIR in a kernel tree: conditions on KBUILD_EXTMOD are decided,
# and lines that name an object or a folder that DIR does not have (yet) are left out, with the
# comment above them.

function is_file(path,    line, there) {
	there = (getline line < path) >= 0
	close(path)
	return there
}

# Are all objects and folders of a line there? A composite object is, when its list is.
function is_there(line,    n, i, word, words, stem) {
	sub(/^[^=]*=/, "", line)
	n = split(line, words, /[[:space:]\\]+/)
	for (i = 1; i <= n; i++) {
		word = words[i]
		stem = substr(word, 1, length(word) - 2)
		if (word ~ /\/$/ && !is_file(dir "/" word "Makefile"))
			return 0
		if (word ~ /\.o$/ && !(stem in composite) && !is_file(dir "/" stem ".c"))
			return 0
	}
	return 1
}

function keep() {
	return depth == 0 || in_tree
}

function comment_drop() {
	nr_held = 0
}

function comment_print(    i) {
	for (i = 1; i <= nr_held; i++)
		out[++nr_out] = held[i]
	nr_held = 0
}

function end_of(line) {
	if (!keep())
		return
	if (line ~ /=/ && !is_there(line)) {
		comment_drop()
		return
	}
	comment_print()
	out[++nr_out] = line
}

# The lists of composite objects, from a first look at the file.
FNR == NR {
	logical = logical $0
	if (sub(/\\$/, "", logical))
		next
	if (logical ~ /^[a-z_]+-y [:+]?=/ && logical !~ /^(obj|ccflags)-/) {
		name = logical
		sub(/-y .*/, "", name)
		if (is_there(logical))
			composite[name] = 1
	}
	logical = ""
	next
}

/^ifn?eq \(\$\(KBUILD_EXTMOD\),\)/ { depth = 1; in_tree = /^ifeq/; next }
depth && /^else/ { in_tree = !in_tree; next }
depth && /^endif/ { depth = 0; comment_drop(); next }
/^#/ && keep() { held[++nr_held] = $0; next }
/^$/ { comment_print(); if (keep()) out[++nr_out] = ""; next }
{
	logical = logical $0
	if (/\\$/) {
		logical = logical "\n"
		next
	}
	end_of(logical)
	logical = ""
}

END {
	comment_print()
	while (nr_out && out[nr_out] == "")
		nr_out--
	for (i = 1; i <= nr_out; i++)
		if (out[i] != "" || (i > 1 && out[i - 1] != ""))
			print out[i]
}
