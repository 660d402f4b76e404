# Prints, from the log of a verbose test run, what the tests that failed said of
# themselves, first lines only: in the log it stands far above the end, before all that
# was shown of the cluster.
/^=== (RUN|NAME|CONT) / { test = $3 }
/^ +[a-z_]+_test\.go:[0-9]+: / && !/: phase / { said[test] = said[test] "\n" substr($0, 1, 400) }
/^ *--- FAIL: / { failed[++n] = $3 }
END { for (i = 1; i <= n; i++) printf "\n%s failed:%s\n", failed[i], said[failed[i]] }
