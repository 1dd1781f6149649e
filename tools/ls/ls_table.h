/* SPDX-License-Identifier: GPL-2.0-only */
/* The columns of lsdmasync. */
#ifndef LS_TABLE_H
#define LS_TABLE_H

#include "ls_list.h"
#include "output.h"

/* Its rows are struct ls_access. */
extern const struct table ls_table;

/* The same, and what it waits for, in "blockers". */
struct json_object *ls_table_json(const struct ls_access *one);

#endif /* LS_TABLE_H */
