/*
 * selftest.c - see selftest.h
 */
#include "selftest.h"

#include <assert.h>
#include <string.h>

enum {
	NS_PER_MS = 1000000
};

static bool was_deaf(const struct selftest *t, uint32_t interface)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->list[i].interface == interface)
			return t->list[i].is_deaf;
	}
	return false;
}

void selftest_begin(struct selftest *t, const uint8_t id[BEACON_ID_BYTES],
		    const uint32_t *interfaces, size_t count, uint64_t now_ns)
{
	struct selftest fresh = {.sent_ns = now_ns, .is_running = true, .count = count};

	assert(count <= SELFTEST_INTERFACES_MAX);
	memcpy(fresh.id, id, BEACON_ID_BYTES);
	for (size_t i = 0; i < count; i++) {
		fresh.list[i].interface = interfaces[i];
		fresh.list[i].is_deaf = was_deaf(t, interfaces[i]);
	}
	*t = fresh;
}

void selftest_heard(struct selftest *t, const uint8_t id[BEACON_ID_BYTES], uint32_t interface)
{
	if (memcmp(t->id, id, BEACON_ID_BYTES) != 0)
		return;
	for (size_t i = 0; i < t->count; i++) {
		if (t->list[i].interface == interface)
			t->list[i].is_heard = true;
	}
}

bool selftest_finish(struct selftest *t, uint64_t now_ns)
{
	bool changed = false;

	if (!t->is_running || now_ns - t->sent_ns < (uint64_t)SELFTEST_PATIENCE_MS * NS_PER_MS)
		return false;
	t->is_running = false;
	for (size_t i = 0; i < t->count; i++) {
		struct selftest_interface *at = &t->list[i];

		changed |= at->is_deaf == at->is_heard;
		at->is_deaf = !at->is_heard;
	}
	return changed;
}

bool selftest_any_deaf(const struct selftest *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->list[i].is_deaf)
			return true;
	}
	return false;
}
