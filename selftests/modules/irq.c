// SPDX-License-Identifier: GPL-2.0-only
/* Run a function in process, soft interrupt or hard interrupt context. */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>

#include "test.h"

struct test_irq {
	struct irq_work work;
	struct tasklet_struct tasklet;
	struct completion done;
	void (*fn)(void *arg);
	void *arg;
	bool in_hardirq, in_softirq;
};

static void test_irq_call(struct test_irq *irq)
{
	irq->in_hardirq = in_hardirq();
	irq->in_softirq = in_serving_softirq();
	irq->fn(irq->arg);
	complete(&irq->done);
}

static void test_irq_work(struct irq_work *work)
{
	test_irq_call(container_of(work, struct test_irq, work));
}

static void test_irq_tasklet(struct tasklet_struct *tasklet)
{
	test_irq_call(container_of(tasklet, struct test_irq, tasklet));
}

static int test_irq_hard(struct test_irq *irq)
{
	irq->work = IRQ_WORK_INIT_HARD(test_irq_work);
	irq_work_queue(&irq->work);
	wait_for_completion(&irq->done);
	irq_work_sync(&irq->work);
	return irq->in_hardirq ? 0 : -EIO;
}

static int test_irq_soft(struct test_irq *irq)
{
	tasklet_setup(&irq->tasklet, test_irq_tasklet);
	tasklet_schedule(&irq->tasklet);
	wait_for_completion(&irq->done);
	tasklet_kill(&irq->tasklet);
	return irq->in_softirq ? 0 : -EIO;
}

/**
 * test_irq_run() - run a function in a context and wait for its end
 * @where: DST_PROCESS, DST_SOFTIRQ or DST_HARDIRQ
 * @fn: what to run
 * @arg: its argument
 *
 * Context: process context, sleeps.
 * Return: 0; -EINVAL for another @where; -EIO when it did not run in that context.
 */
int test_irq_run(u32 where, void (*fn)(void *arg), void *arg)
{
	struct test_irq irq = { .fn = fn, .arg = arg };

	init_completion(&irq.done);
	switch (where) {
	case DST_PROCESS:
		fn(arg);
		return 0;
	case DST_SOFTIRQ:
		return test_irq_soft(&irq);
	case DST_HARDIRQ:
		return test_irq_hard(&irq);
	default:
		return -EINVAL;
	}
}
