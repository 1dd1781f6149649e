/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of an access in words. */
#ifndef ACCESS_TEXT_H
#define ACCESS_TEXT_H

#include <stddef.h>

#include "model.h"

/* r, w or rw */
const char *access_mode(const struct top_access *access);
const char *access_state(const struct model_access *access);
/* comm/tid, with a shorter comm when @size is small */
void access_task(const struct top_access *access, char *text, size_t size);
/* The same, of a job its engine before: "dma0chan0 name/123". */
void access_who(const struct model_access *access, char *text, size_t size);
void access_range(const struct top_access *access, char *text, size_t size);
/* context:seqno of its job or of the fence it waits for; false: it has none */
bool access_fence(const struct top_access *access, char *text, size_t size);

#endif /* ACCESS_TEXT_H */
