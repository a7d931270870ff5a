/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/machine/machine_settings.h"

static enum rb_err
read_section(const char *lines, struct machine_settings *s, struct fault *why)
{
	struct conf_section section;
	char yaml[1024];
	enum rb_err rc = RB_EINTERNAL;

	snprintf(yaml, sizeof(yaml), "machine:\n%s", lines);
	machine_settings_init(s);
	section = machine_section(s);
	if ((rc = conf_parse(span_of_str(yaml), "node.yml", &section, 1,
		 why)) != RB_OK)
		return rc;
	return machine_settings_check(s, "node.yml", why);
}

static void
refuses_a_kind_that_lacks_something(void **state)
{
	static const struct {
		const char *lines, *says;
	} cases[] = {
		{ "  kind: vmware\n", "machine.kind" },
		{ "  kind: Xen\n  image: /image\n", "machine.kind" },
		{ "  kind: qemu\n", "machine.image" },
		{ "  kind: xen\n", "machine.image" },
		{ "  kind: xen\n  image: image\n", "machine.image" },
		{ "  kind: xen\n  image: /image\n  xen-type: hvm\n",
		    "machine.xen-type" },
		{ "  kind: xen\n  image: /image\n  xen-type: PV\n",
		    "machine.xen-type" },
		{ "  kind: far\n", "machine.connect" },
		{ "  kind: far\n  connect: ssh dom0\n", "machine.connect" },
	};
	struct machine_settings s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		if (read_section(cases[i].lines, &s, &why) == RB_OK)
			fail_msg("%s", cases[i].lines);
		if (strstr(why.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].lines, why.text);
		machine_settings_clear(&s);
	}
}

static void
takes_each_kind_with_what_it_needs(void **state)
{
	static const struct {
		const char *lines, *kind;
		bool is_pv;
	} cases[] = {
		{ "  cpus: 1\n", "namespace", false },
		{ "  kind: namespace\n", "namespace", false },
		{ "  kind: qemu\n  image: /image\n", "qemu", false },
		{ "  kind: xen\n  image: /image\n", "xen", false },
		{ "  kind: xen\n  image: /image\n  xen-type: pvh\n", "xen",
		    false },
		{ "  kind: xen\n  image: /image\n  xen-type: pv\n", "xen",
		    true },
		{ "  kind: far\n  connect: /usr/bin/way\n", "far", false },
	};
	struct machine_settings s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		if (read_section(cases[i].lines, &s, &why) != RB_OK)
			fail_msg("%s: %s", cases[i].lines, why.text);
		assert_string_equal(s.kind, cases[i].kind);
		assert_int_equal(s.is_pv, cases[i].is_pv);
		machine_settings_clear(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_kind_that_lacks_something),
		cmocka_unit_test(takes_each_kind_with_what_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
