# SPDX-License-Identifier: GPL-2.0
# usage: awk -v program=NAME [-v words=1] -f kselftest.awk LOG
# What one program said (scripts/selftests-init.c), as `verdict<TAB>test<TAB>why` lines. The
# tests are called NAME.NUMBER, or NAME.WORD by the first word of what is said of them. Said
# less than planned, or ended by anything but a status of kselftest.h: a failure of its own.
# Status 4 means that the tests which are left are skipped.
function row(verdict, test, why) {
	if (verdict == "not ok")
		failed++
	print verdict "\t" program "." test "\t" why
}

BEGIN { FS = " " }
{
	gsub(/\r/, "")
	sub(/^(\[[^]]*\] *)*/, "")
	if (index($0, "guest: " program ": ") != 1)
		next
	$0 = substr($0, length("guest: " program ": ") + 1)
}
/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; next }
/^# / { said = substr($0, 3); next }
/^(not )?ok [0-9]+/ {
	bad = /^not/
	sub(/^(not )?ok /, "")
	number = test = $1 + 0
	sub(/^[0-9]+ */, "")
	if (number != ++seen)
		row("not ok", "order", "number " seen " is called " number)
	skipped = sub(/^# SKIP */, "")
	sub(/^# XFAIL */, "")
	why = $0
	if (words) {
		test = why
		sub(/[: ].*/, "", test)
		sub(/^[^: ]*:? */, "", why)
	}
	if (bad)
		row("not ok", test, said != "" ? said : why)
	else
		row(skipped ? "skip" : "ok", test, skipped ? why : "")
	said = ""
	next
}
/^exit / { ended = 1; status = substr($0, 6) }
END {
	more = said != "" ? ": " said : ""
	if (!ended)
		row("not ok", "end", "it has not ended")
	else if (status !~ /^[014]$/ || status == "1" && !failed)
		row("not ok", "end", "exit " status more)
	if (!plan)
		row("not ok", "plan", "it has planned no test" more)
	else if (seen < plan && status == "4")
		while (seen++ < plan)
			row("skip", seen, said)
	else if (seen != plan)
		row("not ok", "plan", seen + 0 " tests of " plan more)
}
