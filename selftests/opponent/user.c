// SPDX-License-Identifier: GPL-2.0-only
/* The two users: their processes, buffers, requests, and the opponent's cgroup. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/udmabuf.h>

#include "opponent.h"

/* Opened before the privilege to do so is gone. */
static int udmabuf = -1;

static int become(uid_t uid)
{
	struct rlimit files = { OP_MAX_FILES, OP_MAX_FILES };
	pid_t parent = getppid();

	udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (udmabuf < 0 || setrlimit(RLIMIT_NOFILE, &files) || setgroups(0, NULL) ||
	    setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	/* A change of user forgets this. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		return -ESRCH;
	return 0;
}

pid_t op_start(uid_t uid, int (*play)(void *stage), void *stage)
{
	pid_t pid = st_fork();

	if (!pid)
		_exit(become(uid) ? 127 : play(stage) & 127);
	return pid < 0 ? -errno : pid;
}

int op_end_ms(pid_t pid, unsigned int ms)
{
	int status;

	if (!ST_UNTIL_MS(waitpid(pid, &status, WNOHANG) == pid, ms)) {
		op_kill(pid);
		return -ETIME;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int op_end(pid_t pid)
{
	return op_end_ms(pid, ST_SOON_MS);
}

void op_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void op_reach(int *phase, int value)
{
	__atomic_store_n(phase, value, __ATOMIC_RELEASE);
}

int op_phase(int *phase)
{
	return __atomic_load_n(phase, __ATOMIC_ACQUIRE);
}

bool op_await(int *phase, int value, unsigned int ms)
{
	return ST_UNTIL_MS(op_phase(phase) >= value, ms);
}

int op_buffer(struct st_buffer *buf, size_t size)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int memfd = memfd_create("opponent", MFD_CLOEXEC | MFD_ALLOW_SEALING), fd;

	if (memfd < 0)
		return -errno;
	create.memfd = memfd;
	if (ftruncate(memfd, size) || fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = -errno;
	else
		fd = ioctl(udmabuf, UDMABUF_CREATE, &create);
	if (fd == -1)
		fd = -errno;
	close(memfd);
	return fd < 0 ? fd : st_buffer_from_fd(buf, fd);
}

long op_lock_set(int ctx, int fd, uint32_t access, uint64_t offset, unsigned int nr)
{
	struct dmabuf_sync_access set[DMABUF_SYNC_MAX_SET];
	unsigned int i;

	for (i = 0; i < nr; i++)
		set[i] = st_access(fd, access, offset + i, 1);
	return st_lock_set(ctx, set, nr, TRY);
}

int op_lock_bytes(int ctx, int fd, uint32_t access, uint64_t offset, unsigned int nr)
{
	unsigned int done, part;
	long ret = 0;

	for (done = 0; done < nr && ret >= 0; done += part) {
		part = nr - done < DMABUF_SYNC_MAX_SET ? nr - done : DMABUF_SYNC_MAX_SET;
		ret = op_lock_set(ctx, fd, access, offset + done, part);
	}
	return ret < 0 && ret != -ENOLCK ? ret : 0;
}

/* What op_queue_leave() has to cancel. */
static struct { int ctx; long set; } queued[32768];
static unsigned int nr_queued;

int op_queue_many(int ctx, int fd, uint32_t access, uint64_t offset, uint64_t length,
		  unsigned int nr)
{
	unsigned int i;
	long ret;

	for (i = 0; i < nr; i++) {
		ret = st_lock(ctx, fd, access, offset, length, QUEUE);
		if (ret == -ENOLCK)
			break;
		if (ret < 0)
			return ret;
		if (nr_queued == ST_ARRAY_SIZE(queued))
			return -ENOBUFS;
		queued[nr_queued].ctx = ctx;
		queued[nr_queued++].set = ret;
	}
	return i;
}

void op_queue_leave(void)
{
	for (; nr_queued; nr_queued--)
		st_release(queued[nr_queued - 1].ctx, queued[nr_queued - 1].set);
}

static int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int op_cgroup_set(const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), OP_CGROUP "/%s", file);
	return file_write(path, value);
}

int op_cgroup_make(void)
{
	if (mkdir(OP_CGROUP, 0755) && errno != EEXIST)
		return -errno;
	return op_cgroup_set("cpu.max", "max 100000");
}

long long op_cgroup_get(const char *file, const char *key)
{
	char path[128], line[128];
	long long value = -1;
	size_t len = strlen(key);
	FILE *f;

	snprintf(path, sizeof(path), OP_CGROUP "/%s", file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && line[len] == ' ')
			value = atoll(line + len);
	if (f)
		fclose(f);
	return value;
}

int op_cgroup_add(pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return op_cgroup_set("cgroup.procs", text);
}

bool op_cgroup_remove(void)
{
	return ST_UNTIL(!rmdir(OP_CGROUP) || errno == ENOENT);
}

static bool is_worker(const char *pid)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.10s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(comm, sizeof(comm), f))
			comm[0] = '\0';
		fclose(f);
	}
	return !strncmp(comm, "kworker/", 8);
}

long long op_workers_ns(void)
{
	long long sum = 0, ns;
	struct dirent *entry;
	char path[64];
	DIR *proc = opendir("/proc");
	FILE *f;

	while (proc && (entry = readdir(proc))) {
		if (!atoi(entry->d_name) || !is_worker(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.10s/schedstat", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "%lld", &ns) == 1)
			sum += ns;
		fclose(f);
	}
	if (proc)
		closedir(proc);
	return proc ? sum : -1;
}
