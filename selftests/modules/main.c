// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabuf_sync_test.ko: a driver of dmabuf-sync, a stock driver and an exporter,
 * all worked by test programs. See dmabuf_sync_test.h.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "test.h"

/* Every argument of every call. */
union test_arg {
	struct dst_object object;
	struct dst_range range;
	struct dst_lock lock;
	struct dst_wait wait;
	struct dst_commit commit;
	struct dst_unlock unlock;
	struct dst_single single;
	struct dst_fence fence;
	struct dst_publish publish;
	struct dst_signal signal;
	struct dst_hold hold;
	struct dst_fences fences;
	struct dst_export export;
	struct dst_count count;
	struct dst_fault fault;
	struct dst_device device;
	struct dst_misuse misuse;
	struct dst_after after;
};

/**
 * test_object_add() - give a new object its number
 * @session: the open file
 * @object: the object, with its end and free set
 * @kind: which kind
 * @id: out: its number, from 1
 *
 * Return: 0; -ENOMEM, and the object is the caller's as before.
 */
int test_object_add(struct test_session *session, struct test_object *object,
		    enum test_kind kind, u32 *id)
{
	kref_init(&object->ref);
	object->kind = kind;
	return xa_alloc(&session->objects, id, object, xa_limit_31b, GFP_KERNEL);
}

/**
 * test_object_get() - look up an object by its number
 * @session: the open file
 * @id: the number
 * @kind: which kind it has to be
 *
 * Return: the object, to be given back with test_object_put(); NULL when there is none.
 */
struct test_object *test_object_get(struct test_session *session, u32 id,
				    enum test_kind kind)
{
	struct test_object *object;

	xa_lock(&session->objects);
	object = xa_load(&session->objects, id);
	if (object && (object->kind != kind || !kref_get_unless_zero(&object->ref)))
		object = NULL;
	xa_unlock(&session->objects);
	return object;
}

static void test_object_release(struct kref *ref)
{
	struct test_object *object = container_of(ref, struct test_object, ref);

	object->free(object);
}

/**
 * test_object_put() - give back what test_object_get() returned
 * @object: the object
 */
void test_object_put(struct test_object *object)
{
	kref_put(&object->ref, test_object_release);
}

static int test_object_destroy(struct test_session *session, void *arg)
{
	struct dst_object *args = arg;
	struct test_object *object = xa_erase(&session->objects, args->id);

	if (!object)
		return -ENOENT;
	object->end(object);
	test_object_put(object);
	return 0;
}

static const struct {
	unsigned int cmd;
	int (*fn)(struct test_session *session, void *arg);
} test_calls[DST_NR_CALLS] = {
	[_IOC_NR(DST_SYNC_NEW)] = { DST_SYNC_NEW, test_sync_new },
	[_IOC_NR(DST_SYNC_GET)] = { DST_SYNC_GET, test_sync_get },
	[_IOC_NR(DST_SYNC_PUT)] = { DST_SYNC_PUT, test_sync_put },
	[_IOC_NR(DST_SYNC_LOCK)] = { DST_SYNC_LOCK, test_sync_lock },
	[_IOC_NR(DST_SYNC_WAIT)] = { DST_SYNC_WAIT, test_sync_wait },
	[_IOC_NR(DST_SYNC_COMMIT)] = { DST_SYNC_COMMIT, test_sync_commit },
	[_IOC_NR(DST_SYNC_FOLLOW)] = { DST_SYNC_FOLLOW, test_sync_follow },
	[_IOC_NR(DST_SYNC_COMMIT_AFTER)] = { DST_SYNC_COMMIT_AFTER, test_sync_commit_after },
	[_IOC_NR(DST_SYNC_UNLOCK)] = { DST_SYNC_UNLOCK, test_sync_unlock },
	[_IOC_NR(DST_SYNC_CANCEL)] = { DST_SYNC_CANCEL, test_sync_cancel },
	[_IOC_NR(DST_SYNC_ABANDONED)] = { DST_SYNC_ABANDONED, test_sync_abandoned },
	[_IOC_NR(DST_SINGLE_LOCK)] = { DST_SINGLE_LOCK, test_single_lock },
	[_IOC_NR(DST_FENCE_NEW)] = { DST_FENCE_NEW, test_fence_new },
	[_IOC_NR(DST_FENCE_PUBLISH)] = { DST_FENCE_PUBLISH, test_fence_publish },
	[_IOC_NR(DST_FENCE_SIGNAL)] = { DST_FENCE_SIGNAL, test_fence_signal },
	[_IOC_NR(DST_RESV_HOLD)] = { DST_RESV_HOLD, test_resv_hold },
	[_IOC_NR(DST_RESV_COUNT)] = { DST_RESV_COUNT, test_resv_count },
	[_IOC_NR(DST_EXPORT)] = { DST_EXPORT, test_export },
	[_IOC_NR(DST_EXPORT_COUNT)] = { DST_EXPORT_COUNT, test_export_count },
	[_IOC_NR(DST_EXPORT_FAULT)] = { DST_EXPORT_FAULT, test_export_fault },
	[_IOC_NR(DST_EXPORT_DEVICE)] = { DST_EXPORT_DEVICE, test_export_device },
	[_IOC_NR(DST_MISUSE)] = { DST_MISUSE, test_misuse },
	[_IOC_NR(DST_DESTROY)] = { DST_DESTROY, test_object_destroy },
};

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	unsigned int nr = _IOC_NR(cmd);
	union test_arg arg = {};
	int err;

	if (nr >= DST_NR_CALLS || test_calls[nr].cmd != cmd)
		return -ENOTTY;
	if (copy_from_user(&arg, (void __user *)user, _IOC_SIZE(cmd)))
		return -EFAULT;
	err = test_calls[nr].fn(file->private_data, &arg);
	/* Also when it failed: DST_SYNC_WAIT tells what was so far. */
	if ((_IOC_DIR(cmd) & _IOC_READ) &&
	    copy_to_user((void __user *)user, &arg, _IOC_SIZE(cmd)))
		return -EFAULT;
	return err;
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	xa_init_flags(&session->objects, XA_FLAGS_ALLOC1);
	file->private_data = session;
	return nonseekable_open(inode, file);
}

/* Fences first: sync objects may be committed with them; then locks, then sync objects. */
static int test_close(struct inode *inode, struct file *file)
{
	struct test_session *session = file->private_data;
	struct test_object *object;
	enum test_kind kind;
	unsigned long id;

	for (kind = 0; kind < TEST_NR_KINDS; kind++) {
		xa_for_each(&session->objects, id, object) {
			if (object->kind != kind)
				continue;
			xa_erase(&session->objects, id);
			object->end(object);
			test_object_put(object);
		}
	}
	xa_destroy(&session->objects);
	kfree(session);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_close,
	.unlocked_ioctl = test_ioctl,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabuf_sync_test",
	.fops = &test_fops,
	.mode = 0600,
};

static int __init test_init(void)
{
	return misc_register(&test_device);
}

/* A fence drops its module reference in an RCU callback that lies in this module. */
static void __exit test_exit(void)
{
	misc_deregister(&test_device);
	rcu_barrier();
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("Test driver and exporter for dmabuf-sync");
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_LICENSE("GPL");
