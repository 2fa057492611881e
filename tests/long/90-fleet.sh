#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# packages: fleet
#
# The role for Ansible: ansible-lint finds nothing; and on five machines, in batches of two, it prepares, reboots,
# collects and judges. It stops before the first reboot when the survey has found a refusal, and otherwise at the first
# batch with a failure of any kind, with later batches untouched; once the reasons are removed another run finishes; a
# third changes nothing.
set -euo pipefail
[ "${OWN_NAMESPACE:-}" = 1 ] || exec env OWN_NAMESPACE=1 "$(dirname "$0")/../lib/own-mounts.sh" "$0" "$@"
# shellcheck source=tests/fleet/lib.sh
. "$(dirname "$0")/../fleet/lib.sh"

ansible=$PWD/configs/ansible
results=$work/results
export ANSIBLE_CONFIG=$work/ansible.cfg ANSIBLE_HOME=$work/ansible ANSIBLE_LOCAL_TEMP=$work/ansible ANSIBLE_NOCOLOR=1
export ANSIBLE_REMOTE_TMP=/run/ansible ANSIBLE_SSH_EXECUTABLE=$fleet_tests/ssh ANSIBLE_SSH_TRANSFER_METHOD=piped
touch "$ANSIBLE_CONFIG"
export LC_ALL=C.UTF-8 ANSIBLE_PIPELINING=1 ANSIBLE_SSH_ARGS='' ANSIBLE_FORKS=2 ANSIBLE_DISPLAY_SKIPPED_HOSTS=no

write_inventory() {
	cat > "$work/inventory.yml" <<-END
		fsconvert:
		  hosts:
		    alfa:
		      fsconvert_config: {fsck: preen, on-error: continue, label: 'two # words', datasum: false}
		    bravo:
		    charlie:
		    delta:
		    echo:
		  vars:
		    ansible_user: root
		    ansible_python_interpreter: /usr/bin/python3
		    fsconvert_archive: $work/fsconvert.tar.gz
		    fsconvert_results: $results
		    fsconvert_prepare_options: [--boot-loader=none]
		    fsconvert_finalize_options: [--boot-loader=none]
	END
}

# play PLAYBOOK OPTION...: sets $status, output in $work/said.
play() {
	local playbook=$1
	shift
	status=0
	ansible-playbook -i "$work/inventory.yml" -e '{"fsconvert_batches": [2]}' "${packages[@]}" "$@" \
		"$ansible/$playbook.yml" > "$work/said" 2>&1 < /dev/null || status=$?
	sed 's/^/    /' "$work/said"
}

expect_failure() {
	[ "$status" -ne 0 ] || fail "the run succeeds"
}

expect_success() {
	[ "$status" -eq 0 ] || fail "the run fails"
}

expect_said() {
	grep -qE -- "$1" "$work/said" || fail "nobody said '$1'"
}

# expect_unchanged: no machine was changed, as Ansible says.
expect_unchanged() {
	[ "$(grep -c ' changed=0 ' "$work/said")" -eq "${#names[@]}" ] || fail "something was changed"
}

# of_all FUNCTION: what it says of each machine, in their order.
of_all() {
	local name
	for name in "${names[@]}"; do
		printf '%s ' "$("$1" "$name")"
	done
}

# expect_types TYPE...
expect_types() {
	local types
	types=$(of_all type_of)
	[ "$types" = "$* " ] || fail "the machines are $types, not $*"
}

# expect_boots NUMBER...
expect_boots() {
	local boots
	boots=$(of_all boots_of)
	[ "$boots" = "$* " ] || fail "the machines were booted $boots times, not $*"
}

# expect_result NAME STATUS REASON: what was collected.
expect_result() {
	python3 - "$results/$1.json" "$2" "$3" <<-'END' || fail "the result of $1 is $(cat "$results/$1.json")"
		import json, re, sys
		result = json.load(open(sys.argv[1]))
		assert result["event"] == "result" and result["status"] == sys.argv[2], result
		assert re.search(sys.argv[3], result["reason"] or ""), result
		expected = {"converted": 0, "refused": 3}.get(result["status"], 1)
		assert result["exit"] == expected and (result["reason"] is None) == (expected == 0), result
	END
}

pictures() {
	local name
	for name in "$@"; do
		picture "$name"
	done
}

has_backup='-efsconvert_i_have_a_backup=true'
report='-efsconvert_survey=report'

say "ansible-lint, and the syntax of the playbooks"
(cd "$ansible" && HOME=$work ansible-lint --nocolor)
for playbook in convert finalize; do
	ansible-playbook --syntax-check -i "$ansible/inventory.example.yml" "$ansible/$playbook.yml"
done

say "five machines, one with a swap file"
"$ansible/pack.sh" "$work/fsconvert.tar.gz"
write_inventory
for name in alfa bravo charlie delta echo; do
	machine_new "$name"
done
power_on
truncate -s 64K "$work/delta/root/swapfile"
echo '/swapfile none swap sw 0 0' >> "$work/delta/root/etc/fstab"
before=$(pictures "${names[@]}")

say "check mode, nothing installed yet, and packages as by default"
packages=()
play convert --check "$has_backup"
expect_success
expect_said 'alfa: unknown: fsconvert is not installed yet'
[ "$(pictures "${names[@]}")" = "$before" ] || fail "check mode has changed something"

say "survey alone"
packages=(-e '{"fsconvert_packages": []}')
play convert --tags fsconvert_survey
expect_failure
expect_said '"alfa: ready"'
expect_said '"delta: refused: /swapfile is a swap file, .*"'
expect_said 'No machine was rebooted, because of delta\.'
for line in 'label = "two # words"' 'datasum = no' 'on-error = continue'; do
	grep -qxF "$line" "$work/alfa/root/etc/fsconvert.conf" || fail "the configuration of alfa has no $line"
done
! grep -q fsconvert "$work"/*/root/boot/initrd* || fail "the survey prepares"
before=$(pictures "${names[@]}")

say "check mode: a dry run and nothing else; and a strict survey, before the first reboot"
play convert --check "$report"
expect_failure
expect_said 'delta refused, nothing was changed: /swapfile is a swap file'
expect_unchanged
play convert "$has_backup"
expect_failure
expect_said 'No machine was rebooted, because of delta\.'
play convert "$report"
expect_failure
expect_said 'fsconvert_i_have_a_backup=true'
play convert --limit alfa -e '{"fsconvert_config": {"fsck": "perhaps"}}'
expect_failure
expect_said '"alfa: failed: .*fsck: perhaps is none of'
play finalize
expect_failure
expect_said 'fsconvert_finalize=true'
play finalize -e fsconvert_finalize=true
expect_failure
expect_said 'the root is ext4, not converted'
[ "$(pictures "${names[@]}")" = "$before" ] || fail "something was changed"
[ ! -e "$results" ] || fail "there are results: $(ls "$results")"

say "the second batch has a machine that is refused"
before=$(pictures charlie delta echo)
play convert "$has_backup" "$report"
expect_failure
expect_said 'delta refused, nothing was changed: /swapfile is a swap file'
expect_types btrfs btrfs ext4 ext4 ext4
expect_boots 1 1 0 0 0
expect_result alfa converted '^$'
expect_result delta refused '/swapfile is a swap file'
[ "$(cd "$results" && echo *)" = "alfa.json alfa.log bravo.json bravo.log delta.json" ] || fail "$(ls "$results")"
[ "$(pictures charlie delta echo)" = "$before" ] || fail "a machine that was not converted was changed"
[ "$(blkid -p -o value -s LABEL "$(cat "$work/alfa/loop")")" = 'two # words' ] || fail "the label is another"

say "one that cannot be prepared: the other one of its batch is as it was"
sed -i /swapfile/d "$work/delta/root/etc/fstab"
before=$(pictures charlie echo)
machine_fails delta 'dracut 1'
play convert "$has_backup"
expect_failure
expect_said 'delta could not be prepared, no machine of its batch was rebooted'
expect_result delta failed 'making .* failed'
expect_boots 1 1 0 0 0
[ ! -e "$work/charlie/root/var/lib/fsconvert/prepare.state" ] || fail "charlie is prepared"
grep -qx 'initrd old' "$work/charlie/root/boot/initrd.img-$FLEET_KERNEL" || fail "charlie's next boot would convert"
machine_fails delta ''

say "one that is refused in its boot"
machine_break charlie
play convert "$has_backup"
expect_failure
expect_said 'charlie was not converted: .*link'
expect_types btrfs btrfs ext4 btrfs ext4
expect_boots 1 1 1 1 0
expect_result charlie refused link
expect_result delta converted '^$'
grep -q link "$results/charlie.log" || fail "the log of charlie: $(cat "$results/charlie.log")"

say "one that does not come back"
machine_mend charlie
machine_stuck charlie
play convert "$has_backup" -e fsconvert_reboot_timeout=20
expect_failure
expect_said 'charlie was not converted: it did not come back: '
expect_result charlie failed 'it did not come back'
expect_types btrfs btrfs btrfs btrfs ext4
expect_boots 1 1 2 1 0

say "a machine that is off, as the survey says; no batch behind its own begins"
play convert "$has_backup"
expect_failure
expect_said '"charlie: failed: .*Connection refused'
expect_said 'No machine was rebooted, because of charlie\.'
before=$(pictures echo)
play convert "$has_backup" "$report"
expect_failure
[ "$(grep -c 'fatal: \[charlie\]: UNREACHABLE' "$work/said")" -eq 2 ] || fail "charlie was left out of its batch"
expect_said 'Nothing is done to echo, because charlie'
expect_boots 1 1 2 1 0
[ "$(pictures echo)" = "$before" ] || fail "echo was changed"
machine_on charlie

say "the rest; one loses its result on the way"
machine_forgets echo
play convert "$has_backup"
expect_success
expect_types btrfs btrfs btrfs btrfs btrfs
expect_boots 1 1 2 1 1
for name in "${names[@]}"; do
	expect_result "$name" converted '^$'
	machine_sums "$name" | diff "$work/$name/sums" - || fail "the files of $name"
done

[ ! -e "$results/echo.log" ] || fail "echo has a log"
say "nothing more to do"
rm "$work/fsconvert.tar.gz"
play convert "$has_backup"
expect_success
expect_unchanged
play convert --check "$has_backup"
expect_success
expect_unchanged
expect_boots 1 1 2 1 1

say "no way back"
[ -e "$work/alfa/root/ext2_saved/image" ] || fail "there is no saved image"
play finalize --check -e fsconvert_finalize=true
expect_success
[ -e "$work/alfa/root/ext2_saved/image" ] || fail "check mode deletes the saved image"
play finalize -e fsconvert_finalize=true
expect_success
for name in "${names[@]}"; do
	[ ! -e "$work/$name/root/ext2_saved" ] || fail "$name has its saved image"
	[ ! -e "$work/$name/root/var/lib/fsconvert" ] || fail "$name is still prepared"
done
play convert "$has_backup" -e fsconvert_finalize=true
expect_success
expect_unchanged
for name in "${names[@]}"; do
	machine_off "$name"
	judge_check "$(cat "$work/$name/loop")"
done
