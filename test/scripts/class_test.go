// SPDX-License-Identifier: Apache-2.0

//go:build scripts

package scripts_test

import (
	"strings"
	"testing"
)

// TestPathIsTruncated has more revisions with a second connection than fit into a result:
// counts are kept, the last revisions are dropped.
func TestPathIsTruncated(t *testing.T) {
	const expression = "(lambda v: report.Result('inspect', pending=['0123456789ab'] * 390," +
		" path=v.path_of([v.Verdict('%012d' % i, v.CLASSES[i % 4], 'Lossy', 'x' * 150, True) for i in range(390)], True))" +
		".encode(lambda t: t).decode())(importlib.import_module('superset_job.revisions.verdict'))"
	line, _ := evaluate(t, expression).(string)
	if len(line) > resultLimit || len(line) < resultLimit-300 {
		t.Errorf("%d bytes, want up to %d and not much less", len(line), resultLimit)
	}
	for _, want := range []string{`"additive":98,"dataChanging":98,"destructive":97,"unknown":97`, `"pendingCount":390`, `"secondConnection":["000000000000","000000000001"`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %s in %s", want, line)
		}
	}
	if strings.Contains(line, "000000000389") || strings.Contains(line, "xxx") {
		t.Errorf("the last revisions, or details of them, were kept: %s", line)
	}
}
