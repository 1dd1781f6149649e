// SPDX-License-Identifier: GPL-2.0-only
/* Records as lines of text: "seconds [cpu] tgid/tid name key=value ...". */
#include <inttypes.h>
#include <stdio.h>

#include "format.h"
#include "report.h"

static void list_field(const struct record_field *field, const unsigned long long *words)
{
	char text[RECORD_MAX_WORDS * sizeof(*words) + 1];

	printf(" %s=", field->name);
	if (field->words) {
		format_array(text, (const char *)words, field->words * sizeof(*words));
		fputs(text, stdout);
	} else if (field->is_signed) {
		printf("%d", (int)words[0]);
	} else {
		printf("%llu", words[0]);
	}
}

void report_record(const struct record *record, uint64_t begin_ns)
{
	const struct record_type *type = &record_types[record->head.kind];
	uint64_t ns = record->head.time_ns > begin_ns ? record->head.time_ns - begin_ns : 0;
	unsigned int at = 0;
	size_t i;

	printf("%" PRIu64 ".%09" PRIu64 " [%u] %u/%u %s", ns / 1000000000, ns % 1000000000,
	       record->head.cpu, record->head.tgid, record->head.tid, type->name);
	for (i = 0; i < type->nr_fields; i++) {
		list_field(&type->fields[i], record->words + at);
		at += record_field_words(&type->fields[i]);
	}
	putchar('\n');
}
