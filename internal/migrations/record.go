// SPDX-License-Identifier: Apache-2.0

package migrations

import (
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/superset-operator/superset-operator/api/v1alpha1"
)

// Record is the end of the newest Job of a script, for status. It is called only for a Job
// that has ended.
func (p *Progress) Record(script Script) v1alpha1.JobRecord {
	record := v1alpha1.JobRecord{Script: string(script), Attempt: int32(p.Attempt), Uncounted: int32(p.Uncounted),
		FinishedAt: metav1.NewTime(p.FinishedAt).Rfc3339Copy()}
	if !p.Lost {
		record.Result = p.Result.encode()
	}
	return record
}

// encode is the JSON of a result, without escapes that would lengthen it.
func (r *Result) encode() string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		panic(fmt.Sprintf("encoding a result: %v", err)) // plain values always encode
	}
	return strings.TrimSpace(out.String())
}

// After is the progress once the recorded end of a Job is taken into account. The record of
// an attempt is what counts: its Job and pod may be gone.
func (p Progress) After(record *v1alpha1.JobRecord) Progress {
	before := recorded(record)
	if p.Attempt <= before.Attempt {
		before.Name = p.Name
		return before
	}
	if before.Attempt == 0 {
		return p
	}
	p.Uncounted = before.Uncounted
	if before.Lost || before.Result.Reason.Uncounted() {
		p.Uncounted++
	}
	if p.Active {
		p.Before = before.Result
	}
	return p
}

// recorded is the progress that a record describes; zero for none.
func recorded(record *v1alpha1.JobRecord) Progress {
	if record == nil {
		return Progress{}
	}
	p := Progress{Attempt: int(record.Attempt), Uncounted: int(record.Uncounted), FinishedAt: record.FinishedAt.Time}
	r, err := ParseResult(record.Result)
	p.Result, p.Lost = r, err != nil
	p.Done = !p.Lost && r.Reason == ""
	return p
}
