/*
 * config_port_interface.c - ports at an interface of this host: mcast and tap; see config_port.h
 */
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "config_port.h"

enum {
	SHOWN_MAX = 80,        /* of a wrong value, in a message */
	MULTICAST_FIRST = 224, /* RFC 5771: 224.0.0.0/4 */
	MULTICAST_LAST = 239,
	IPV4_AT = 12, /* of the IPv4 bytes in a mapped address */
};

static int read_mcast_group(const char *value, struct addr *out, struct error *err)
{
	struct addr group;

	if (addr_parse(value, 0, &group) || !addr_is_ipv4(&group))
		return error_set(
			err, -EINVAL,
			"'%.*s' is no IPv4 address and port; expected what QEMU's mcast= has, "
			"such as 230.0.0.1:33000",
			SHOWN_MAX, value);
	if (group.ip[IPV4_AT] < MULTICAST_FIRST || group.ip[IPV4_AT] > MULTICAST_LAST)
		return error_set(err, -EINVAL,
				 "'%.*s' is no multicast group; expected one from 224.0.0.0 to "
				 "239.255.255.255, such as 230.0.0.1:33000",
				 SHOWN_MAX, value);
	*out = group;
	return 0;
}

/* Could the kernel have an interface of that name? */
static bool is_interface(const char *value)
{
	return strlen(value) < INTERFACE_NAME_BYTES && !strpbrk(value, "/ \t:,") &&
	       strcmp(value, ".") != 0 && strcmp(value, "..") != 0;
}

static int read_interface(const char *value, struct port_config *out, struct error *err)
{
	if (strcmp(value, "auto") == 0) {
		out->mcast.scope = MCAST_AUTO;
		return 0;
	}
	if (!is_interface(value))
		return error_set(
			err, -EINVAL,
			"'%.*s' is no network interface; expected auto, lo or a name as 'ip "
			"link' shows it",
			SHOWN_MAX, value);
	out->mcast.scope = strcmp(value, "lo") == 0 ? MCAST_LO : MCAST_NAMED;
	strcpy(out->mcast.interface, value);
	return 0;
}

static int read_tap_name(const char *value, char out[INTERFACE_NAME_BYTES], struct error *err)
{
	/* The kernel would put a number for "%d" and choose a name of its own. */
	if (!value[0] || !is_interface(value) || strchr(value, '%'))
		return error_set(err, -EINVAL,
				 "'%.*s' cannot be the name of an interface; expected at most %d "
				 "letters and digits, such as lw0",
				 SHOWN_MAX, value, INTERFACE_NAME_BYTES - 1);
	strcpy(out, value);
	return 0;
}

static int read_mtu(const char *value, uint32_t max_frame, uint32_t *out, struct error *err)
{
	uint32_t mtu = 0;

	if (text_parse_number(value, TAP_MTU_MIN, TAP_MTU_MAX, &mtu, err))
		return error_set(err, -EINVAL,
				 "'mtu = %.*s' cannot be; expected bytes from %d to %d, such as "
				 "1500",
				 SHOWN_MAX, value, TAP_MTU_MIN, TAP_MTU_MAX);
	/* Its machines' frames would all be too long for the switch. */
	if (mtu + ETHER_HEADER_BYTES > max_frame)
		return error_set(err, -EINVAL,
				 "'mtu = %u' makes frames longer than max_frame, which is %u; "
				 "expected at most %u, or a larger max_frame in [agent]",
				 mtu, max_frame, max_frame - ETHER_HEADER_BYTES);
	*out = mtu;
	return 0;
}

int config_settle_mcast(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *group = &p->words[PORT_KEY_GROUP];
	const struct port_word *interface = &p->words[PORT_KEY_INTERFACE];

	if (read_mcast_group(group->text, &p->port.mcast.group, err))
		return config_port_place(d, group->line, err);
	if (interface->line && read_interface(interface->text, &p->port, err))
		return config_port_place(d, interface->line, err);
	return 0;
}

int config_settle_tap(const struct draft *d, struct port_draft *p, struct error *err)
{
	const struct port_word *name = &p->words[PORT_KEY_NAME], *mtu = &p->words[PORT_KEY_MTU];

	if (read_tap_name(name->text, p->port.tap.name, err))
		return config_port_place(d, name->line, err);
	if (mtu->line && read_mtu(mtu->text, d->config.max_frame, &p->port.tap.mtu, err))
		return config_port_place(d, mtu->line, err);
	return 0;
}
