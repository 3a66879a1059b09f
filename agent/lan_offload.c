/*
 * lan_offload.c - frames for which something is left to be done: see offload.h
 *
 * Layer: agent. A peer's frames with unfinished checksums, when they are for an interface that finishes
 * them itself, are put together before they enter the switch: one look at the headers then serves them
 * all. For everybody else, and while somebody watches, each is finished first and is like any other.
 */
#include <string.h>

#include "lan_private.h"

/* ---- to machines that take finished frames only ---- */

struct lan_pieces lan_pieces_of(struct lan *l, const struct port_frame *f)
{
	struct lan_pieces p = {.lan = l, .frame = *f};

	if (f->offload)
		p.cutter = cutter_over(f->bytes, f->offload);
	return p;
}

bool lan_pieces_next(struct lan_pieces *p, struct port_frame *out)
{
	struct piece *piece = &p->lan->piece;
	uint8_t *bytes = p->lan->finished;

	if (!p->frame.offload) {
		*out = p->frame;
		p->frame.bytes = NULL;
		return out->bytes != NULL;
	}
	if (!cutter_next(&p->cutter, piece))
		return false;
	piece_finish(piece, p->frame.offload);
	memcpy(bytes, piece->headers, piece->headers_len);
	memcpy(bytes + piece->headers_len, piece->data, piece->data_len);
	*out = (struct port_frame){.bytes = bytes, .len = piece->headers_len + piece->data_len};
	return true;
}

/* ---- from peers ---- */

/* Is it for one machine, behind an interface that takes it as it is? */
static bool is_taken_whole(struct lan *l, const struct lan_vlan *vlan, const struct frame_in *in)
{
	struct mac dst = ether_dst(in->frame);
	int owner;

	if (l->dump || mac_is_group(&dst))
		return false;
	owner = switch_owner(vlan->sw, &dst, lan_now_ns(l));
	return owner >= 0 && owner < LAN_PEER_BASE && l->ports[owner]->port->has_offload;
}

void lan_merge_end(struct lan *l)
{
	struct merge *m = &l->merge;
	struct port_frame f = {.bytes = m->frame, .offload = &m->offload};

	if (!m->frame)
		return;
	f.len = offload_first_len(&m->offload);
	m->frame = NULL;
	lan_enter(l, lan_vlan_by_id(l, l->merging.vlan), &l->merging, &f);
}

/* Those that are of nobody here count, too: the engine does not know. */
void lan_merge_reassembled(struct lan *l)
{
	if (++l->reassembled >= engine_frames_kept(l->engine))
		lan_merge_end(l);
}

static bool is_of_same(const struct frame_in *a, const struct frame_in *b)
{
	return a->peer == b->peer && a->vlan == b->vlan && a->on_segment == b->on_segment;
}

/* Finished here, because it is not for an interface that does it. */
static void enter_finished(struct lan *l, const struct lan_vlan *vlan, const struct frame_in *in,
			   const struct offload *o)
{
	struct port_frame f = {.bytes = in->frame, .len = in->len, .offload = o};
	struct lan_pieces pieces = lan_pieces_of(l, &f);

	while (lan_pieces_next(&pieces, &f))
		lan_enter(l, vlan, in, &f);
}

enum drop lan_take_unfinished(struct lan *l, const struct lan_vlan *vlan, const struct frame_in *in)
{
	struct merge *m = &l->merge;
	struct offload o;

	if (!offload_derive(in->frame, in->len, &o))
		return DROP_NO_CHECKSUM;
	if (m->frame && is_of_same(&l->merging, in) && merge_add(m, in->frame, &o))
		return DROP_NONE;
	lan_merge_end(l);
	if (!is_taken_whole(l, vlan, in)) {
		enter_finished(l, vlan, in, &o);
		return DROP_NONE;
	}
	l->merging = *in;
	l->reassembled = 0;
	merge_start(m, in->frame, &o);
	return DROP_NONE;
}
