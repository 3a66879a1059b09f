/*
 * check.c - longwire check: verify everything, say what would run
 *
 * Layer: agent (command line). Each fault is one line on standard error.
 */
#include <grp.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "proto/cipher.h"

static const struct argp ARGP = {
	.doc = "Read agent.conf, identity.key and peers/ as the agent does, and say what would "
	       "run.",
};

/* struct findings - what could be read, and how many faults there were */
struct findings {
	const struct cli *cli;
	struct config config;
	struct identity id;
	struct trust trust;
	bool has_config, has_trust;
	unsigned faults;
};

static void fault(struct findings *f, const struct error *err)
{
	cli_fail(err);
	f->faults++;
}

static void read_all(struct findings *f)
{
	struct error err;

	f->has_config = cli_load_config(f->cli, &f->config, &err) == 0;
	if (!f->has_config)
		fault(f, &err);
	if (cli_load_identity(f->cli, &f->id, &err))
		fault(f, &err);
	f->has_trust =
		cli_load_trust(f->cli, f->id.secret ? &f->id.public : NULL, &f->trust, &err) == 0;
	if (!f->has_trust)
		fault(f, &err);
	for (size_t i = 0; i < f->trust.fault_count; i++) {
		if (f->trust.faults[i].warning)
			fprintf(stderr, "warning: %s\n", f->trust.faults[i].error.text);
		else
			fault(f, &f->trust.faults[i].error);
	}
}

/* A group that is not there is no fault of a port: it waits for it, as for an interface. */
static void look_at_port(const struct findings *f, const struct port_config *p)
{
	if (p->mcast.scope == MCAST_NAMED && !if_nametoindex(p->mcast.interface))
		fprintf(stderr,
			"warning: %s:%d: [port %s] waits for the interface %s, which is not there "
			"now\n",
			f->config.file, p->line, p->name, p->mcast.interface);
	if (p->plug.group[0] && !getgrnam(p->plug.group))
		fprintf(stderr,
			"warning: %s:%d: [port %s] waits for the group %s, which is not there now "
			"(`getent group` lists them)\n",
			f->config.file, p->line, p->name, p->plug.group);
	if (p->type == PORT_TAP && geteuid() != 0 && !if_nametoindex(p->tap.name))
		fprintf(stderr,
			"warning: %s:%d: [port %s] waits for the interface %s, which only root may "
			"make: sudo ip tuntap add dev %s mode tap user %u && sudo ip link set %s "
			"up\n",
			f->config.file, p->line, p->name, p->tap.name, p->tap.name, geteuid(),
			p->tap.name);
}

/* By whose code, since one of the libraries is twice as fast. */
static void say_ciphers(uint8_t wanted)
{
	uint8_t ciphers = (wanted ? wanted : CIPHERS_KNOWN) & ciphers_of_machine();
	const char *before = "ciphers ";

	for (unsigned c = CIPHER_AES; c >= CIPHER_CHACHA; c >>= 1) {
		if (!(ciphers & c))
			continue;
		printf("%s%s (%s)", before, cipher_name(c), cipher_library(c));
		before = ", ";
	}
	putchar('\n');
}

/* What only this host can tell. */
static void look_at_host(struct findings *f)
{
	const struct config *c = &f->config;

	if (c->group[0] && !getgrnam(c->group)) {
		cli_failf(
			"%s: there is no group '%s' on this host; expected one that 'getent group' "
			"lists",
			c->file, c->group);
		f->faults++;
	}
	for (size_t i = 0; i < c->port_count; i++)
		look_at_port(f, &c->ports[i]);
}

static void check_peers(struct findings *f)
{
	uint16_t ids[PEER_VLANS_MAX];
	struct error err;

	for (size_t i = 0; i < f->trust.count; i++)
		if (config_peer_vlans(&f->config, &f->trust.peers[i], ids, &err) < 0)
			fault(f, &err);
}

static void say_port(const struct port_config *p)
{
	char text[PORT_TEXT_BYTES];

	printf("  port %s: %s", p->name, port_config_describe(p, text));
	if (p->broadcast == BROADCAST_OFF)
		puts(", broadcast off");
	else
		printf(", broadcast %u/s\n", p->broadcast);
}

static void say_vlan(const struct findings *f, const struct vlan_config *vlan)
{
	uint16_t ids[PEER_VLANS_MAX];

	printf("vlan %s, id %u\n", vlan->name, vlan->id);
	for (size_t i = 0; i < f->config.port_count; i++)
		if (f->config.ports[i].vlan == vlan->id)
			say_port(&f->config.ports[i]);
	for (size_t i = 0; i < f->trust.count; i++) {
		const struct trust_peer *peer = &f->trust.peers[i];
		int count = config_peer_vlans(&f->config, peer, ids, NULL);

		for (int j = 0; j < count; j++)
			if (ids[j] == vlan->id)
				printf("  peer %s: %s%s\n", peer->name,
				       peer->card.at[0] ? "at " : "calls us", peer->card.at);
	}
}

static void say_all(const struct findings *f)
{
	const struct config *c = &f->config;
	char key[KEY_TEXT_BYTES];

	printf("agent %s, %s\n", c->name, public_key_format(&f->id.public, key));
	printf("UDP port %u, control socket %s\n", c->listen, c->control);
	say_ciphers(c->ciphers);
	for (size_t i = 0; i < c->vlan_count; i++)
		say_vlan(f, &c->vlans[i]);
	if (c->port_count == 0)
		fprintf(stderr, "warning: %s: there is no port, so no machine can plug in\n",
			c->file);
	if (f->trust.count == 0)
		fprintf(stderr, "warning: %s/peers is empty: nobody is trusted yet\n", c->folder);
}

int cmd_check(int argc, char **argv, struct cli *cli)
{
	char command[COMMAND_BYTES];
	struct findings f = {.cli = cli};
	int rc = cli_parse(cli, argc, argv, &ARGP, NULL);

	if (rc)
		return rc;
	if (access(cli->folder, F_OK))
		return cli_failf("there is no folder %s; make one with: %s", cli->folder,
				 cli_command(cli, "init", command));
	read_all(&f);
	if (f.has_config)
		look_at_host(&f);
	if (f.has_config && f.has_trust)
		check_peers(&f);
	if (f.faults == 0) {
		say_all(&f);
		cli_note_folder(cli);
	}
	trust_free(&f.trust);
	identity_free(&f.id);
	return f.faults ? CLI_FAILED : CLI_DONE;
}
