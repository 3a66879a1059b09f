/*
 * test_qemu_line.c - agent/cli/qemu_line.h
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "qemu_line.h"
#include "scratch.h"

enum {
	WORDS_MAX = 32
};

/* A command line whose words have blanks between, and are '|' for blanks. */
static char text[1024];
static char *words[WORDS_MAX];
static struct error err;

static int split(const char *line)
{
	int count = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *at = strtok(text, " "); at; at = strtok(NULL, " "))
		words[count++] = at;
	return count;
}

static struct qemu_line read_line(const char *line)
{
	struct qemu_line l;

	assert_int_equal(qemu_line_read(words, split(line), &l, &err), 0);
	return l;
}

/* What is started, with blanks between. */
static const char *built(const char *line, enum qemu_plug plug, const char *model)
{
	static char out[2048];
	struct qemu_line l = read_line(line);
	const struct qemu_added added = {
		.plug = plug, .fd = 7, .mac = {{2, 0, 0, 0, 0, 9}}, .model = model};
	char **all = qemu_line_build(&l, &added);

	out[0] = '\0';
	for (char **at = all; *at; at++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", at == all ? "" : " ",
			 *at);
	qemu_line_free(all);
	return out;
}

/* ---- what is added ---- */

#define LINE_7_2 "-netdev dgram,id=lw,local.type=fd,local.str=7"
#define LINE_OLD "-netdev socket,id=lw,fd=7"
#define MAC      "mac=02:00:00:00:00:09"

static void a_machine_without_a_device_gets_netdev_and_device(void **state)
{
	(void)state;
	assert_string_equal(built("qemu-system-x86_64 -m 512 a.img", QEMU_PLUG_DGRAM, NULL),
			    "qemu-system-x86_64 -m 512 a.img " LINE_7_2
			    " -device e1000,netdev=lw," MAC);
	assert_string_equal(built("qemu-system-x86_64", QEMU_PLUG_SOCKET, NULL),
			    "qemu-system-x86_64 " LINE_OLD " -device e1000,netdev=lw," MAC);
	assert_string_equal(built("qemu-system-i386", QEMU_PLUG_DGRAM, "rtl8139"),
			    "qemu-system-i386 " LINE_7_2 " -device rtl8139,netdev=lw," MAC);
}

static void the_device_suits_the_board(void **state)
{
	static const char *const pcs[] = {"qemu-system-i386", "/usr/bin/qemu-system-x86_64", "kvm",
					  "/usr/libexec/qemu-kvm", "./start.sh"};
	static const char *const others[] = {"qemu-system-aarch64", "/x/qemu-system-riscv64"};

	(void)state;
	for (size_t i = 0; i < sizeof(pcs) / sizeof(pcs[0]); i++)
		assert_contains(built(pcs[i], QEMU_PLUG_DGRAM, NULL), "-device e1000,");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_contains(built(others[i], QEMU_PLUG_DGRAM, NULL), "-device virtio-net-pci,");
}

static void a_device_of_the_users_is_kept_and_gets_what_it_lacks(void **state)
{
	(void)state;
	assert_string_equal(built("qemu -device ne2k_pci,netdev=lw -m 64", QEMU_PLUG_DGRAM, NULL),
			    "qemu -device ne2k_pci,netdev=lw," MAC " -m 64 " LINE_7_2);
	assert_string_equal(
		built("qemu --device e1000,mac=52:54:00:00:00:01,netdev=lw", QEMU_PLUG_DGRAM, NULL),
		"qemu --device e1000,mac=52:54:00:00:00:01,netdev=lw " LINE_7_2);
	assert_string_equal(
		built("qemu -net nic,netdev=lw,model=pcnet", QEMU_PLUG_DGRAM, NULL),
		"qemu -net nic,netdev=lw,model=pcnet,macaddr=02:00:00:00:00:09 " LINE_7_2);
	assert_string_equal(
		built("qemu -net nic,netdev=lw,macaddr=52:54:00:00:00:01", QEMU_PLUG_DGRAM, NULL),
		"qemu -net nic,netdev=lw,macaddr=52:54:00:00:00:01 " LINE_7_2);
	assert_string_equal(
		built("qemu -device {\"driver\":\"e1000\",\"netdev\":\"lw\"}", QEMU_PLUG_DGRAM,
		      NULL),
		"qemu -device "
		"{\"driver\":\"e1000\",\"netdev\":\"lw\",\"mac\":\"02:00:00:00:00:09\"} " LINE_7_2);
	assert_string_equal(
		built("qemu -device {\"netdev\":\"lw\",\"mac\":\"x\"}", QEMU_PLUG_DGRAM, NULL),
		"qemu -device {\"netdev\":\"lw\",\"mac\":\"x\"} " LINE_7_2);
}

static void other_devices_of_the_users_are_none_for_us(void **state)
{
	static const char *const lines[] = {
		"qemu -device e1000,netdev=other -netdev user,id=other",
		"qemu -device e1000,netdev=lw2",
		"qemu -nic user",
		"qemu -net nic,netdev=other",
		"qemu -append netdev=lw",
		"qemu -device {\"driver\":\"e1000\",\"netdev\":\"x\"}",
		"qemu -device {broken",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_contains(built(lines[i], QEMU_PLUG_DGRAM, NULL),
				"-device e1000,netdev=lw," MAC);
}

static void what_cannot_be_is_refused_with_what_to_do(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{"qemu -m 64 -daemonize", "take that out, and end the line with '&'"},
		{"qemu --daemonize", "-daemonize takes the machine away"},
		{"qemu -device e1000,netdev=lw -device rtl8139,netdev=lw",
		 "two devices have netdev=lw, which is one cable"},
		{"qemu -net nic,netdev=lw -device {\"driver\":\"e1000\",\"netdev\":\"lw\"}",
		 "give it a netdev of its own"},
		{"qemu -netdev user,id=lw", "the netdev 'lw' is what run adds"},
		{"qemu -netdev {\"type\":\"user\",\"id\":\"lw\"}", "give yours another id"},
	};
	struct qemu_line l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(qemu_line_read(words, split(cases[i].line), &l, &err), -EINVAL);
		assert_error(&err, cases[i].message);
	}
	read_line("qemu -append -daemonize");
}

/* ---- which netdev ---- */

static void the_netdev_is_one_that_this_qemu_has(void **state)
{
	static const struct {
		const char *help;
		enum qemu_plug plug;
	} cases[] = {
		/* 7.2, 10.0; 4.2 to 7.1; 2.12 with its lines' ends; before */
		{"Available netdev backend types:\nsocket\nstream\ndgram\nhubport\ntap\nuser\n",
		 QEMU_PLUG_DGRAM},
		{"warning: no display\nAvailable netdev backend types:\nuser\ndgram",
		 QEMU_PLUG_DGRAM},
		{"Available netdev backend types:\nsocket\nhubport\ntap\nuser\n", QEMU_PLUG_SOCKET},
		{"Available netdev backend types:\r\nsocket\r\nhubport\r\n", QEMU_PLUG_SOCKET},
		{"Available netdev backend types:\nsocket\nnodgram\ndgrams\n", QEMU_PLUG_SOCKET},
		{"qemu-system-i386: -netdev help: Parameter 'type' expects a netdev backend type\n",
		 QEMU_PLUG_SOCKET},
	};
	enum qemu_plug plug;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(qemu_line_plug(cases[i].help, &plug, &err), 0);
		assert_int_equal(plug, cases[i].plug);
	}
}

static void a_program_that_does_not_answer_as_qemu_is_refused(void **state)
{
	enum qemu_plug plug;

	(void)state;
	assert_int_equal(qemu_line_plug("ls: unknown option\nmore\n", &plug, &err), -ENOTSUP);
	assert_error(&err, "got 'ls: unknown option'");
	assert_int_equal(qemu_line_plug("", &plug, &err), -ENOTSUP);
	assert_error(&err, "got ''");
}

/* ---- which machine ---- */

static void a_machine_is_who_its_name_says(void **state)
{
	static const struct {
		const char *line, *name, *who;
	} cases[] = {
		{"qemu -name win98 a.img", "win98", "name win98"},
		{"qemu a.img -m 1 -name win98", "win98", "name win98"},
		{"qemu --name guest=win98,debug-threads=on", "win98", "name win98"},
		{"qemu -name debug-threads=on,guest=win98", "win98", "name win98"},
		{"qemu -name win98,process=x", "win98", "name win98"},
		{"qemu -name a -name b", "b", "name b"},
		{"qemu -name Anna's,,98", "Anna-s-98", "name Anna's,98"},
		{"qemu -name ../.x", "x", "name ../.x"},
		{"qemu -name \xc3\xa4\xc3\xb6", "machine", "name \xc3\xa4\xc3\xb6"},
		{"qemu -name debug-threads=on", "machine", ""},
		{"qemu -name guest=", "machine", ""},
		{"qemu -name", "machine", ""},
		{"qemu", "machine", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct qemu_line l = read_line(cases[i].line);

		assert_string_equal(l.name, cases[i].name);
		assert_string_equal(l.who, cases[i].who);
		assert_int_equal(text_check_name(l.name, NULL), 0);
	}
}

static void a_very_long_name_is_cut_to_a_valid_one(void **state)
{
	char line[512];
	struct qemu_line l;

	(void)state;
	snprintf(line, sizeof(line), "qemu -name %0300d", 7);
	l = read_line(line);
	assert_int_equal(strlen(l.name), TEXT_NAME_BYTES - 1);
	assert_int_equal(strlen(l.who), strlen("name ") + 300);
}

static void without_a_name_the_first_disk_of_its_own_says_who_it_is(void **state)
{
	static const char *const lines[] = {
		"qemu /d/w.98.img",
		"qemu -m 64 /d/w.98.img /d/b.img",
		"qemu -nographic /d/w.98.img",
		"qemu -snapshot -enable-kvm /d/w.98.img",
		"qemu -hda /d/w.98.img -hdb /d/b.img",
		"qemu -cdrom /d/x.iso -hdb /d/w.98.img",
		"qemu -drive file=/d/w.98.img,if=virtio",
		"qemu -drive if=pflash,file=/d/fw.fd -drive format=raw,file=/d/w.98.img",
		"qemu -drive file=/d/x.iso,media=cdrom -drive file=/d/w.98.img",
		"qemu -drive file=/d/x,readonly=on -hda /d/w.98.img",
		"qemu -blockdev driver=file,node-name=d,filename=/d/w.98.img",
		"qemu -blockdev driver=raw,file.driver=file,file.filename=/d/w.98.img",
		"qemu -blockdev {\"driver\":\"file\",\"filename\":\"/d/w.98.img\"}",
		("qemu -blockdev {\"driver\":\"file\",\"filename\":\"/d/r\",\"read-only\":true} "
		 "/d/w.98.img"),
		"nice -n 5 qemu-system-x86_64 /d/w.98.img",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct qemu_line l = read_line(lines[i]);

		assert_string_equal(l.who, "disk /d/w.98.img");
		assert_string_equal(l.name, "w.98");
	}
	assert_string_equal(read_line("qemu -drive file=/d/a,,b.img").who, "disk /d/a,b.img");
	assert_string_equal(read_line("qemu -m 64 -kernel /d/k -append /d/x").who, "");
	assert_string_equal(read_line("qemu -cdrom /d/x.iso").who, "");
}

static void a_disk_is_the_same_however_its_path_is_written(void **state)
{
	char line[SCRATCH_PATH_BYTES * 2], who[SCRATCH_PATH_BYTES];

	(void)state;
	scratch_write("a.img", "");
	snprintf(who, sizeof(who), "disk %s", scratch_path("a.img"));
	snprintf(line, sizeof(line), "qemu %s", scratch_path("../././x"));
	assert_int_equal(symlink("a.img", scratch_path("b.img")), 0);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"a.img", "./././a.img", "b.img"};

		snprintf(line, sizeof(line), "qemu -hda %s", scratch_path(names[i]));
		assert_string_equal(read_line(line).who, who);
	}
}

static void qemu_is_found_behind_other_programs(void **state)
{
	(void)state;
	assert_int_equal(read_line("nice -n 5 qemu-system-x86_64 -m 1").program, 3);
	assert_int_equal(read_line("/usr/bin/qemu-system-x86_64 qemu.img").program, 0);
	assert_int_equal(read_line("taskset 1 kvm").program, 2);
	assert_int_equal(read_line("./start.sh -m 1").program, 0);
	assert_int_equal(read_line("./start.sh /d/qemu.img").program, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_machine_without_a_device_gets_netdev_and_device),
		cmocka_unit_test(the_device_suits_the_board),
		cmocka_unit_test(a_device_of_the_users_is_kept_and_gets_what_it_lacks),
		cmocka_unit_test(other_devices_of_the_users_are_none_for_us),
		cmocka_unit_test(what_cannot_be_is_refused_with_what_to_do),
		cmocka_unit_test(the_netdev_is_one_that_this_qemu_has),
		cmocka_unit_test(a_program_that_does_not_answer_as_qemu_is_refused),
		cmocka_unit_test(a_machine_is_who_its_name_says),
		cmocka_unit_test(a_very_long_name_is_cut_to_a_valid_one),
		cmocka_unit_test(without_a_name_the_first_disk_of_its_own_says_who_it_is),
		cmocka_unit_test_setup(a_disk_is_the_same_however_its_path_is_written,
				       scratch_begin),
		cmocka_unit_test(qemu_is_found_behind_other_programs),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
