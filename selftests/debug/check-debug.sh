#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check-debug.sh SERIES     (by "make check-debug", which makes patches and tests first)
#
# Runs all tests on debug kernels of a series: with the framework as a module on the kernel as it
# is, built in by the patch series, and as a module on a kernel with KCSAN. Builds the kernels
# when they are not current. Any report in the kernel log is a failure, and so is any leak.
# The end is one line, "N passed, N failed, N skipped".
#
# FORMS="module builtin kcsan"	or only some of them
# TORTURE_SECONDS		how long the torture takes on each kernel (300)
# TORTURE_SEED			of its first round (default: the time)
# TORTURE_ARGS, TESTS, DIFFERENTIAL	as for "make check": options, tests to run, steps

set -u
cd "$(dirname "$0")/../.." || exit 2
# shellcheck source=selftests/machines.sh
. selftests/machines.sh

# Checks cost time: limits are so many times as long, and the differential test is shorter.
factor=4
steps=10000
# Longest that the tests may take on one kernel, in seconds, without the torture.
limit=10800
# A search for leaks takes time for each page.
memory=1G

say() { echo "check-debug: $*"; }
die() { echo "check-debug: $*" >&2; exit 2; }

is_asked_for() { [[ " $forms " = *" $1 "* ]]; }

# make_kernel KERNEL: sets image.
make_kernel() {
	local begin=$SECONDS

	image=$(selftests/debug/kernel.sh "$1" "$series") || exit
	say "the debug kernel ($1) took $((SECONDS - begin)) s"
}

# form_tests FORM: on the kernel that was made last.
form_tests() {
	local form=$1 begin=$SECONDS

	say "Linux $series, $form: torture takes $seconds s, --seed $seed"
	machine_start "$series-debug-$form" $((limit + seconds)) -k "$image" --mem $memory -- \
		TIMEOUT_FACTOR=$factor DIFFERENTIAL="${DIFFERENTIAL:---steps $steps}" \
		TORTURE_SECONDS="$seconds" TORTURE_SEED="$seed"
	machine_end "$series-debug-$form"
	say "Linux $series, $form: $((SECONDS - begin)) s"
}

[[ $# -eq 1 && $1 =~ ^[0-9]+\.[0-9]+$ ]] || die "usage: check-debug.sh SERIES, such as 6.12"
series=$1
seconds=${TORTURE_SECONDS:-300} seed=${TORTURE_SEED:-$(date +%s)}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "TORTURE_SECONDS='$seconds' is not a number above 0"
[[ $seed =~ ^[0-9]+$ ]] || die "TORTURE_SEED='$seed' is not a number"
forms=${FORMS:-module builtin kcsan}
for form in $forms; do
	[[ $form =~ ^(module|builtin|kcsan)$ ]] ||
		die "FORMS='$FORMS': $form is neither module, builtin nor kcsan"
done
# The in-tree kernel begins as a copy of the stock one.
if is_asked_for module || is_asked_for builtin; then
	make_kernel stock
	! is_asked_for module || form_tests module
fi
if is_asked_for builtin; then
	make_kernel intree
	form_tests builtin
fi
if is_asked_for kcsan; then
	make_kernel kcsan
	form_tests kcsan
fi
machines_end
