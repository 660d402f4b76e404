// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"github.com/superset-operator/superset-operator/test/images"
)

const containerdSocket = "/run/containerd/containerd.sock"

// containerdConfig sets restrict_oom_score_adj because root may lack
// CAP_SYS_RESOURCE, which is needed to lower the score of a process.
var containerdConfig = template.Must(template.New("containerd").Parse(`version = 3
root = "{{.Root}}"
state = "/run/containerd"
[grpc]
  address = "` + containerdSocket + `"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "` + pauseImage + `"
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["{{.Bin}}"]
    conf_dir = "/etc/cni/net.d"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      BinaryName = "{{.Bin}}/runc"
      SystemdCgroup = false
`))

// startContainerd starts containerd with its images and containers under root.
func (k *keeper) startContainerd(ctx context.Context, root string) (*process, error) {
	config := strings.Builder{}
	values := struct{ Root, Bin string }{root, k.plan.Programs.Node}
	if err := containerdConfig.Execute(&config, values); err != nil {
		return nil, fmt.Errorf("writing containerd's configuration: %w", err)
	}
	path := k.plan.path("containerd.toml")
	if err := os.WriteFile(path, []byte(config.String()), 0o644); err != nil {
		return nil, fmt.Errorf("writing containerd's configuration: %w", err)
	}
	p, err := k.start("containerd", k.plan.Programs.node("containerd"), "--config", path)
	if err != nil {
		return nil, err
	}
	answers := func() bool { return k.ctr(ctx, nil, "version") == nil }
	return p, p.waitFor(ctx, answers)
}

// ctr runs containerd's client in the namespace of Kubernetes.
func (k *keeper) ctr(ctx context.Context, stdin io.Reader, args ...string) error {
	args = append([]string{"--address", containerdSocket, "--namespace", "k8s.io"}, args...)
	command := exec.CommandContext(ctx, k.plan.Programs.node("ctr"), args...)
	command.Stdin = stdin
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("running ctr: %w\n%s", err, out)
	}
	return nil
}

// importImages streams images into containerd.
func (k *keeper) importImages(ctx context.Context, list []images.Image) error {
	if len(list) == 0 {
		return nil
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(images.WriteArchive(writer, list...)) }()
	defer func() { _ = reader.Close() }()
	if err := k.ctr(ctx, reader, "images", "import", "-"); err != nil {
		return fmt.Errorf("importing images: %w", err)
	}
	return nil
}

// cniConfig configures a bridge between the pods, with addresses from the node's
// pod range. It is written once the control plane has assigned the range; until
// then kubelet reports the node as not ready.
const cniConfig = `{"cniVersion": "1.0.0", "name": "pods", "plugins": [
 {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": %s}]], "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "portmap", "capabilities": {"portMappings": true}, "backend": "nftables"}]}
`

func writeCNIConfig(podRange string) error {
	content := fmt.Sprintf(cniConfig, strconv.Quote(podRange))
	// The file is renamed into place, because containerd reads the folder on every
	// change.
	const name = "/etc/cni/net.d/10-pods.conflist"
	if err := os.WriteFile(filepath.Clean(name+".new"), []byte(content), 0o644); err != nil {
		return fmt.Errorf("writing the CNI configuration: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("writing the CNI configuration: %w", err)
	}
	return nil
}
