// SPDX-License-Identifier: Apache-2.0

package components

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/superset-operator/superset-operator/internal/settings"
	"github.com/superset-operator/superset-operator/internal/superset"
)

// Descriptor has the differences between one component and the others.
type Descriptor struct {
	// Name is the component label and the suffix of the Deployment's name.
	Name Name
	// Kind is the kind of the component object.
	Kind string
	// Command and Args start the component in the official image.
	Command, Args []string
	// StatsdCommand replaces Command if the component sends StatsD; nil for no difference.
	StatsdCommand []string
	// Port that the component listens on; 0 for none.
	Port int32
	// Env are variables in addition to those of every pod.
	Env []corev1.EnvVar
	// Requests are the default resource requests, from measurements.
	Requests corev1.ResourceList
	// Strategy of the Deployment.
	Strategy appsv1.DeploymentStrategy
	// Startup, Readiness and Liveness are the probes; nil for none.
	Startup, Readiness, Liveness *corev1.Probe
	// PreStopSeconds is how long a terminating pod keeps serving, until every proxy has
	// removed it from its endpoints: at least, because idle connections may be kept for
	// longer.
	PreStopSeconds int64
	// GraceSeconds is the termination grace period.
	GraceSeconds int64
}

// Catalog lists the components in the order in which they are upgraded.
var Catalog = []Descriptor{scheduler, worker, web}

// Describe returns the descriptor of a component. It panics for an unknown name.
func Describe(name Name) Descriptor {
	for _, d := range Catalog {
		if d.Name == name {
			return d
		}
	}
	panic("unknown component " + string(name))
}

// web: the run-server.sh of every official image runs gunicorn. A terminating pod
// keeps serving for 10 s: gunicorn closes its socket at SIGTERM, while kube-proxy may
// still route to it (a rollout without the delay dropped connections for about 2 s).
// Meanwhile it closes kept connections; see drain. The grace period covers that and
// gunicorn's timeout of 60 s.
var web = Descriptor{
	Name:           Web,
	Kind:           "SupersetWebWorker",
	Command:        []string{"sh", "-c", serverWith(gunicornConfig), "run-server"},
	StatsdCommand:  []string{"sh", "-c", serverWith(gunicornConfig + "\n\n" + superset.StatsdSender + requestsConfig), "run-server"},
	Port:           superset.WebPort,
	Env:            []corev1.EnvVar{{Name: "SUPERSET_PORT", Value: portString(superset.WebPort)}, PodIP()},
	Requests:       requests("100m", "512Mi"),
	Strategy:       rollingUpdate(),
	Startup:        probe(healthCheck(), 2, 150, 5),
	Readiness:      probe(healthCheck(), 5, 3, 5),
	Liveness:       probe(healthCheck(), 15, 6, 10),
	PreStopSeconds: 10,
	GraceSeconds:   90,
}

// PodIP is the variable with the IP of the pod.
func PodIP() corev1.EnvVar {
	return corev1.EnvVar{Name: superset.EnvPodIP, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}}
}

// worker: by default four processes with about 210 MB each, and 270 MB for the parent. At SIGTERM
// Celery finishes its tasks; ten minutes are enough for a report.
var worker = Descriptor{
	Name:         Worker,
	Kind:         "SupersetAsyncWorker",
	Command:      []string{"celery"},
	Args:         settings.CeleryWorker(nil),
	Requests:     requests("100m", "1Gi"),
	Strategy:     rollingUpdate(),
	Startup:      probe(exec("python", "-c", workerPing), 5, 60, 20),
	Liveness:     probe(exec("sh", "-c", workerAlive), 10, 4, 8),
	GraceSeconds: 600,
}

// scheduler: Recreate, because two of them would send every report twice. No pidfile:
// /tmp outlives the container, and beat does not start with a stale pidfile.
var scheduler = Descriptor{
	Name:         Scheduler,
	Kind:         "SupersetAsyncScheduler",
	Command:      []string{"celery"},
	Args:         []string{superset.CeleryApp, "beat", "--pidfile=", "--schedule=" + beatSchedule},
	Requests:     requests("50m", "320Mi"),
	Strategy:     appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
	Startup:      probe(exec("sh", "-c", "ls "+beatSchedule+"* > /dev/null"), 2, 150, 5),
	GraceSeconds: 60,
}

// beatSchedule is the file that beat creates when it runs.
const beatSchedule = "/tmp/celerybeat-schedule"

// workerPing pings the worker of this pod through the broker, whatever the user's -n puts
// before the hostname. A Celery app without Superset needs 1.4 s; one that loads Superset
// needs 8 to 11 s.
const workerPing = `import os, socket, ssl, sys, celery
url = os.environ["` + superset.EnvCacheURL + `"]
app = celery.Celery(broker=url)
if url.startswith("rediss:") and "ssl_cert_reqs" not in url:
    app.conf.broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
prefix = os.environ.get("` + superset.EnvCacheKeyPrefix + `")
if prefix:
    app.conf.broker_transport_options = {"global_keyprefix": prefix + ":"}
me = "*@" + socket.gethostname()
sys.exit(not app.control.ping(pattern=me, matcher="glob", limit=1, timeout=5))
`

// workerAlive passes if the worker has asked for tasks within 25 s, which it does once a second,
// or if it does not report that. Python runs only otherwise, and asks Redis: without a broker no
// worker takes tasks, and a restart would only end those that run. Four failures give a worker
// the time to connect again, for which Celery pauses 30 s at most.
const workerAlive = `file=` + superset.WorkerFile + `
[ ! -e $file ] || [ -n "$(find $file -newermt '25 seconds ago')" ] || exec python -c '
import os, re, sys
try:
    import redis
    url = re.sub("(?i)ssl_cert_reqs=(cert_)?([a-z]+)", lambda m: "ssl_cert_reqs=" + m[2].lower(), os.environ["` + superset.EnvCacheURL + `"])
    redis.from_url(url, socket_connect_timeout=5, socket_timeout=5).ping()
except Exception:
    sys.exit(0)
sys.exit("the worker takes no tasks, and Redis answers")
'
`

func requests(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse(cpu),
		corev1.ResourceMemory: resource.MustParse(memory),
	}
}

// rollingUpdate keeps at least the desired number of pods available.
func rollingUpdate() appsv1.DeploymentStrategy {
	zero, one := intstr.FromInt32(0), intstr.FromInt32(1)
	return appsv1.DeploymentStrategy{
		Type:          appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxUnavailable: &zero, MaxSurge: &one},
	}
}

// probe builds a probe; period and timeout are in seconds.
func probe(handler corev1.ProbeHandler, period, failures, timeout int32) *corev1.Probe {
	return &corev1.Probe{ProbeHandler: handler, PeriodSeconds: period, FailureThreshold: failures, TimeoutSeconds: timeout}
}

func exec(command ...string) corev1.ProbeHandler {
	return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: command}}
}

// healthPath is Superset's health check. It does not read the database.
const healthPath = "/health"

func healthCheck() corev1.ProbeHandler {
	return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: healthPath, Port: intstr.FromString(webPortName)}}
}
