/*
 * ether.c - see ether.h
 */
#include "common/ether.h"

#include <errno.h>
#include <stdio.h>

bool mac_is_zero(const struct mac *m)
{
	static const struct mac zero;

	return mac_equal(m, &zero);
}

bool mac_is_broadcast(const struct mac *m)
{
	static const struct mac broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	return mac_equal(m, &broadcast);
}

bool mac_is_link_local(const struct mac *m)
{
	static const uint8_t prefix[MAC_BYTES - 1] = {0x01, 0x80, 0xc2, 0x00, 0x00};

	return memcmp(m->b, prefix, sizeof(prefix)) == 0 && m->b[5] < 0x10;
}

/* Return: 0 to 15, or -1 */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_parse(const char *text, struct mac *out)
{
	struct mac m;

	if (strlen(text) != MAC_TEXT_BYTES - 1 || (text[2] != ':' && text[2] != '-'))
		return -EINVAL;
	for (size_t i = 0; i < MAC_BYTES; i++) {
		int high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		if (i > 0 && text[3 * i - 1] != text[2])
			return -EINVAL;
		m.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = m;
	return 0;
}

const char *mac_format(const struct mac *m, char out[MAC_TEXT_BYTES])
{
	snprintf(out, MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2],
		 m->b[3], m->b[4], m->b[5]);
	return out;
}
