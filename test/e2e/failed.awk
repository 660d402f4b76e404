# Prints the messages of the failed tests from the log of a verbose test run, first
# lines only: in the log they are far above the end, before the output of the cluster.
/^=== (RUN|NAME|CONT) / { test = $3 }
/^ +[a-z_]+_test\.go:[0-9]+: / && !/: phase / { messages[test] = messages[test] "\n" substr($0, 1, 400) }
/^ *--- FAIL: / { failed[++n] = $3 }
END { for (i = 1; i <= n; i++) printf "\n%s failed:%s\n", failed[i], messages[failed[i]] }
