/* SPDX-License-Identifier: GPL-2.0-only */
/* The framework's module, for tests of what comes and goes with it. */
#ifndef MODULES_H
#define MODULES_H

#include <stdbool.h>

#define MODULES_MAX_HOLDERS	8

/* Modules that were loaded, those that use others first. */
struct modules {
	char names[MODULES_MAX_HOLDERS + 1][64];
	unsigned int nr;
};

bool modules_loaded(const char *name);
int modules_unload(const char *name);
/* The module of this kernel: beside the tests, or where the environment says. */
int modules_load(const char *name);

/* Unload the users of @name, then @name, as far as they are idle. */
int modules_unload_all(struct modules *modules, const char *name);
/* Load them again. */
int modules_load_all(struct modules *modules);

#endif /* MODULES_H */
