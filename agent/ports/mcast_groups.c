/*
 * mcast_groups.c - which groups the hub ports of this process have
 */
#include "hub_datagram.h"
#include "mcast.h"

bool mcast_serves(const struct mcast *hubs, const struct hub_datagram *d)
{
	for (; hubs; hubs = hubs->next)
		if (hub_datagram_is_to(d, &hubs->config.mcast.group))
			return true;
	return false;
}
