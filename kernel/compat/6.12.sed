# SPDX-License-Identifier: GPL-2.0-only
#
# What the shims beside this file do, done to the text of the sources: for the patches for 6.12,
# where shims do not go along.

# 6.13 made names of symbol namespaces strings.
s/^\(+\?MODULE_IMPORT_NS\)("\(.*\)")/\1(\2)/
s/^\(+\?EXPORT_SYMBOL_NS_GPL(.*, \)"\(.*\)")/\1\2)/

# 6.13: hrtimer_setup() takes the function.
/hrtimer_setup(/ {
	:more
	/;$/! { N; b more }
	s/\n[[:blank:]]*/ /g
	s/hrtimer_setup(&\([^,]*\), \([^,]*\), \(.*\));/hrtimer_init(\&\1, \3);\n\t\1.function = \2;/
}

# 6.14: a created worker does not run yet.
/kthread_run_worker(/ {
	:rest
	/;$/! { N; b rest }
	s/\n[[:blank:]]*/ /g
	s/kthread_run_worker/kthread_create_worker/
}

# 6.17 made the names of a fence safe after the signal, by RCU.
s/\<dma_fence_\(driver\|timeline\)_name(\([a-z]*\))/(const char __rcu *)\2->ops->get_\1_name(\2)/
