// SPDX-License-Identifier: Apache-2.0

package components

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/superset-operator/superset-operator/internal/superset"
)

// drainDir is a folder of a web pod. It contains gunicorn's configuration, its process id and,
// as long as the pod drains, the file draining.
const drainDir = superset.TempDir + "/superset-operator"

// gunicornConfig closes each kept connection after its next answer while the pod drains.
//
//go:embed web/gunicorn.py
var gunicornConfig string

const (
	// keepaliveMargin is added to gunicorn's keepalive: gunicorn looks for idle connections
	// once a second.
	keepaliveMargin = 2
	// maxDrainSeconds limits the wait for idle connections. A Drain waits for it too.
	maxDrainSeconds = 120
)

// serverWith starts the run-server.sh of the image with a configuration of gunicorn. It listens
// on IPv4 by default. In a pod with an IPv6 address it listens on both families: the kubelet and
// the Service use that address. It does not listen on the pod's address alone, because a proxy
// in the pod and a port forward use loopback.
//
// The folder of a drain outlives the container: the file of an earlier one is removed.
func serverWith(config string) string {
	return `case $` + superset.EnvPodIP + ` in
*:*) export ` + superset.EnvBindAddress + `="${` + superset.EnvBindAddress + `:-[::]}" ;;
esac
if mkdir -p ` + drainDir + ` && rm -f ` + drainDir + `/draining && cat > ` + drainDir + `/gunicorn.py <<'END'
` + config + `END
then export GUNICORN_CMD_ARGS="$GUNICORN_CMD_ARGS --config=` + drainDir + `/gunicorn.py"
else echo "kept connections are not closed before this pod ends: ` + drainDir + ` cannot be written" >&2
fi
exec ` + runServerPath + ` "$@"
`
}

const runServerPath = "/usr/bin/run-server.sh"

// drain keeps a terminating pod serving for some seconds, closes its connections meanwhile,
// and then ends gunicorn: in the official images, the shell that starts it is the first
// process of the container and ignores SIGTERM.
func drain(seconds int64) *corev1.Lifecycle {
	command := fmt.Sprintf("touch %[1]s/draining; sleep %[2]d; read -r pid < %[1]s/gunicorn.pid && kill \"$pid\"; true", drainDir, seconds)
	return &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"sh", "-c", command}}}}
}

// fitDrain completes the drain of a pod after the user's podTemplate has been applied. A pod
// drains until no kept connection is left that was idle all the time, as far as the keepalive is
// known: in a literal variable. A handler of the user stays; a sleep is how long the pod drains.
func fitDrain(d Descriptor, main *corev1.Container, pod *corev1.PodSpec) {
	if d.PreStopSeconds == 0 || main.Lifecycle == nil || main.Lifecycle.PreStop == nil {
		return
	}
	hook, own := main.Lifecycle.PreStop, drain(d.PreStopSeconds).PreStop.Exec
	if hook.Exec == nil || !slices.Equal(hook.Exec.Command, own.Command) {
		return
	}
	switch {
	case hook.HTTPGet != nil || hook.TCPSocket != nil:
		hook.Exec = nil
	case hook.Sleep != nil:
		*hook = *drain(hook.Sleep.Seconds).PreStop
	default:
		*hook = *drain(drainSeconds(d, main, pod)).PreStop
	}
}

// drainSeconds is how long a pod drains. It extends a default grace period by what exceeds the
// default, and fits into another one.
func drainSeconds(d Descriptor, main *corev1.Container, pod *corev1.PodSpec) int64 {
	wait := max(d.PreStopSeconds, min(keepalive(main)+keepaliveMargin, maxDrainSeconds))
	rest := d.GraceSeconds - d.PreStopSeconds
	switch grace := pod.TerminationGracePeriodSeconds; {
	case grace == nil:
		return d.PreStopSeconds
	case *grace == d.GraceSeconds:
		*grace = wait + rest
		return wait
	default:
		return max(d.PreStopSeconds, min(wait, *grace-rest))
	}
}

// keepalive is how many seconds gunicorn keeps an idle connection; 0 if it is not known.
func keepalive(main *corev1.Container) int64 {
	seconds, err := strconv.ParseInt(literal(main, superset.EnvKeepalive), 10, 32)
	if err != nil {
		return 0
	}
	return seconds
}
