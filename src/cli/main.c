/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsconvert: command line, signals, and the exit status that says what is on the disk. Everything else is the job's
 * (convert/job.h) and the report's.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/status.h"
#include "cli/conf_file.h"
#include "cli/features.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/scan.h"
#include "convert/job.h"

static volatile sig_atomic_t stop_asked;

static_assert(sizeof(sig_atomic_t) == sizeof(int), "the job reads the flag as an int");

static void on_signal(int sig)
{
	(void)sig;
	stop_asked = 1;
}

/*
 * SIGINT, SIGTERM and SIGHUP ask the job to stop at a safe point, unless they were ignored from outside (nohup). A
 * reader of our output that goes away must not end a conversion.
 */
static int set_signals(void)
{
	static const int stopping[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART }, old;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < ARRAY_SIZE(stopping); i++) {
		if (sigaction(stopping[i], NULL, &old))
			return ERR_BUG;
		if (old.sa_handler != SIG_IGN && sigaction(stopping[i], &action, NULL))
			return ERR_BUG;
	}
	action.sa_handler = SIG_IGN;
	return sigaction(SIGPIPE, &action, NULL) ? ERR_BUG : 0;
}

/* Fills the places of standard streams that are closed, or the device would get one of them and our text be written to
 * it. */
static int set_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return ERR_IO;
	return close(fd) ? ERR_IO : 0;
}

/* The report is all that these make. */
static bool only_reports(enum config_action action)
{
	return action == CONFIG_CHECK || action == CONFIG_ROLLBACK_CHECK || action == CONFIG_STATUS;
}

static int run_job(const struct options *options)
{
	struct job job = { .config = options->config, .plan_hook = report_plan, .stop = &stop_asked };
	struct report report;
	int ret, lost;

	report_init(&report, options, stdout, stderr);
	job.plan_hook_ctx = &report;
	job.progress = &report.progress;
	ret = policy_enforce(options, &stop_asked, &report.preened);
	if (!ret)
		ret = job_run(&job);
	report_take_end(&report, &job);
	/* what was switched is on the disk already, so that the state is what ret says */
	if (job_close(&job))
		msg_warn("%s was not closed cleanly", options->config.device);
	lost = report_result(&report, ret);
	report_fini(&report);
	return !ret && only_reports(options->config.action) ? lost : ret;
}

static int usage_error(const struct options *options)
{
	if (options->compat)
		options_help(stderr, true);
	else
		fputs("Try 'fsconvert --help'.\n", stderr);
	return ERR_USAGE;
}

/* Messages before the report exists. */
static void print_plain(void *ctx, enum msg_level level, const char *text)
{
	(void)ctx;
	fprintf(stderr, "%s%s\n", level == MSG_ERR ? "ERROR: " : level == MSG_WARN ? "WARNING: " : "", text);
}

static int finish_output(void)
{
	return fflush(stdout) || ferror(stdout) ? ERR_IO : 0;
}

static int scan_devices(void)
{
	FILE *partitions = fopen("/proc/partitions", "re");
	int ret;

	if (!partitions) {
		msg_err("cannot read /proc/partitions");
		return ERR_IO;
	}
	ret = cli_scan(partitions, stdout);
	fclose(partitions);
	return ret;
}

static int run(const struct options *options)
{
	switch (options->verb) {
	case OPTIONS_RUN:
		return run_job(options);
	case OPTIONS_FEATURES:
		features_print(options->compat ? stderr : stdout);
		return finish_output();
	case OPTIONS_CONFIG:
		conf_file_print(stdout, options);
		return finish_output();
	case OPTIONS_SCAN:
		return scan_devices();
	case OPTIONS_HELP:
		options_help(options->compat ? stderr : stdout, options->compat);
		return finish_output();
	case OPTIONS_VERSION:
		printf("%s %s\n", options->compat ? "btrfs-convert from fsconvert" : "fsconvert", FSCONVERT_VERSION);
		return finish_output();
	}
	return ERR_BUG;
}

int main(int argc, char *argv[])
{
	struct options options;
	int ret;

	ret = set_streams();
	if (!ret)
		ret = set_signals();
	if (ret)
		return status_exit(ret);
	msg_set_sink(print_plain, NULL);
	options_init(&options, options_is_compat(argc > 0 ? argv[0] : NULL));
	ret = options_parse(&options, argc, argv);
	if (!ret && options.verb == OPTIONS_RUN)
		ret = config_check(&options.config);
	else if (!ret && options.verb == OPTIONS_CONFIG)
		ret = config_check_values(&options.config);
	ret = ret ? usage_error(&options) : run(&options);
	return report_exit(options.compat, ret);
}
