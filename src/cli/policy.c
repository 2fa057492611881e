/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked for before a conversion opens its device. */
#include "cli/options.h"
#include "cli/policy.h"
#include "cli/power.h"
#include "cli/preen.h"

int policy_enforce(const struct options *options, const volatile int *stop, bool *changed)
{
	const struct config *config = &options->config;
	struct preen preen = { .e2fsck = options->policy.e2fsck, .stop = stop };
	int ret = 0;

	*changed = false;
	if (config->action != CONFIG_CONVERT && config->action != CONFIG_CHECK && config->action != CONFIG_REHEARSE)
		return 0;
	if (options->policy.require_ac)
		ret = power_require_ac(POWER_SUPPLIES);
	if (!ret && options->policy.fsck == POLICY_FSCK_PREEN) {
		ret = preen_run(&preen, config);
		*changed = preen.ran;
	}
	return ret;
}
