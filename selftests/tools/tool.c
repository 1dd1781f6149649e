// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "tool.h"

#define NOBODY	65534

const char *tool_program(void)
{
	return getenv("DMASYNC_TOP") ?: DMASYNC_TOP;
}

/* A user who may load programs, and is nobody else: it sees no debugfs and no other's files. */
static void tool_drop(void)
{
	static const int caps[] = { CAP_PERFMON, CAP_BPF };
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = { 0 };
	unsigned int i;
	int err;

	for (i = 0; i < ST_ARRAY_SIZE(caps); i++)
		data[1].permitted |= 1U << (caps[i] - 32);
	data[1].effective = data[1].permitted;
	data[1].inheritable = data[1].permitted;
	err = prctl(PR_SET_KEEPCAPS, 1) || setgid(NOBODY) || setuid(NOBODY) ||
	      syscall(SYS_capset, &header, data);
	for (i = 0; i < ST_ARRAY_SIZE(caps) && !err; i++)
		err = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, caps[i], 0, 0);
	if (err)
		_exit(126);
}

static void tool_exec(const struct tool *tool, char **args, int out, int err)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (tool->least)
		tool_drop();
	execv(args[0], args);
	_exit(127);
}

int tool_spawn(struct tool *tool, char **args)
{
	int out[2], err[2];

	if (access(args[0], X_OK) || pipe2(out, O_CLOEXEC) ||
	    pipe2(err, O_CLOEXEC))
		return -errno;
	tool->pid = fork();
	if (tool->pid < 0)
		return -errno;
	if (!tool->pid)
		tool_exec(tool, args, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	tool->out = fdopen(out[0], "r");
	tool->err = fdopen(err[0], "r");
	/* Lines are waited for with poll(), which knows nothing of a buffer. */
	setvbuf(tool->out, NULL, _IONBF, 0);
	setvbuf(tool->err, NULL, _IONBF, 0);
	return 0;
}

int tool_start(struct tool *tool, ...)
{
	char *args[TOOL_MAX_ARGS + 5] = {
		(char *)tool_program(), "--json", "--delay", "3600",
	};
	int nr = 4;
	va_list more;

	va_start(more, tool);
	while (nr < TOOL_MAX_ARGS + 4 && (args[nr] = va_arg(more, char *)))
		nr++;
	va_end(more);
	return tool_spawn(tool, args);
}

static char *tool_read(FILE *file, int64_t end_ns)
{
	struct pollfd fd = { .fd = fileno(file), .events = POLLIN };
	int64_t left_ns = end_ns - st_now_ns();
	char *line = NULL;
	size_t size = 0;

	if (poll(&fd, 1, left_ns > 0 ? left_ns / ST_NSEC_PER_MSEC : 0) > 0 &&
	    getline(&line, &size, file) > 0)
		return line;
	free(line);
	return NULL;
}

bool tool_says_line(struct tool *tool, const char *text, char *said, size_t size)
{
	int64_t end_ns = st_now_ns() + TOOL_ATTACH_MS * ST_NSEC_PER_MSEC;
	bool found = false;
	char *line;

	while (!found && (line = tool_read(tool->err, end_ns))) {
		found = strstr(line, text);
		if (found)
			snprintf(said, size, "%s", line);
		else
			fprintf(stderr, "# %s", line);
		free(line);
	}
	return found;
}

bool tool_says(struct tool *tool, const char *text)
{
	char line[1];

	return tool_says_line(tool, text, line, sizeof(line));
}

struct json_object *tool_line(struct tool *tool)
{
	int64_t end_ns = st_now_ns() + TOOL_ATTACH_MS * ST_NSEC_PER_MSEC;
	char *line = tool_read(tool->out, end_ns);
	struct json_object *report = line ? json_tokener_parse(line) : NULL;

	if (!report)
		fprintf(stderr, "# not JSON: %s\n", line ?: "no output");
	free(line);
	return report;
}

static void tool_close(struct tool *tool)
{
	fclose(tool->out);
	fclose(tool->err);
	tool->pid = 0;
}

int tool_wait(struct tool *tool)
{
	int status = -1;
	char *line;

	if (!ST_UNTIL_MS(waitpid(tool->pid, &status, WNOHANG) == tool->pid, TOOL_ATTACH_MS))
		status = st_child_wait(tool->pid);
	while ((line = tool_read(tool->err, st_now_ns()))) {
		fprintf(stderr, "# %s", line);
		free(line);
	}
	tool_close(tool);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Something lost is in the report and in the exit status, or in neither. */
static bool tool_ended_well(int status, struct json_object *report)
{
	int expected = tool_number(report, "lost") > 0 ? TOOL_LOST : 0;

	return WIFEXITED(status) && WEXITSTATUS(status) == expected;
}

struct json_object *tool_end(struct tool *tool)
{
	struct json_object *report;
	int status = -1;

	kill(tool->pid, SIGINT);
	report = tool_line(tool);
	if (!ST_UNTIL_MS(waitpid(tool->pid, &status, WNOHANG) == tool->pid,
			 TOOL_ATTACH_MS))
		status = st_child_wait(tool->pid);
	tool_close(tool);
	if (tool_ended_well(status, report))
		return report;
	fprintf(stderr, "# dmasync-top ended with wait status %#x\n", status);
	json_object_put(report);
	return NULL;
}

int tool_shell(const char *command, char *text, size_t size)
{
	FILE *file = popen(command, "re");
	size_t len;
	int status;

	if (!file)
		return -1;
	len = fread(text, 1, size - 1, file);
	text[len] = '\0';
	status = pclose(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void tool_kill(struct tool *tool)
{
	if (tool->pid <= 0)
		return;
	kill(tool->pid, SIGKILL);
	st_child_wait(tool->pid);
	tool_close(tool);
}

struct json_object *tool_row(struct json_object *report, const char *table,
			     const char *key, uint64_t number)
{
	struct json_object *rows, *row;
	size_t i;

	if (!json_object_object_get_ex(report, table, &rows))
		return NULL;
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (tool_number(row, key) == (int64_t)number)
			return row;
	}
	return NULL;
}

size_t tool_nr_rows(struct json_object *report, const char *table)
{
	return json_object_array_length(json_object_object_get(report, table));
}

int64_t tool_number(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !value)
		return -1;
	return json_object_get_int64(value);
}

int64_t tool_sum(struct json_object *rows, const char *key)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++)
		sum += tool_number(json_object_array_get_idx(rows, i), key);
	return sum;
}

int64_t tool_summary(struct json_object *report, const char *key)
{
	return tool_number(json_object_object_get(report, "summary"), key);
}

double tool_real(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !value)
		return -1;
	return json_object_get_double(value);
}

const char *tool_text(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !value)
		return "";
	return json_object_get_string(value);
}

void tool_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

int tool_actor(const char *name)
{
	tool_name(name);
	return st_context_open();
}

int tool_use(const char *name, int ctx, const struct st_buffer *buf, unsigned int nr)
{
	int ret = 0;

	tool_name(name);
	while (nr-- && !ret)
		ret = st_release(ctx, st_lock_all(ctx, buf->fd, DMA_BUF_ACCESS_W, 0));
	return ret;
}
