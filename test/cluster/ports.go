// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are below the range from which the kernel takes those of outgoing
// connections, so that none of these can take one before its server listens.
const (
	firstPort = 20000
	lastPort  = 32000
)

// ports are the ports of the programs of one cluster.
type ports struct {
	etcd, etcdPeer, apiserver, controllerManager, scheduler, kwok string
}

func freePorts(bind string) (ports, error) {
	var p ports
	// All are kept open until the last is found, so that they differ.
	var held []net.Listener
	defer func() {
		for _, listener := range held {
			_ = listener.Close()
		}
	}()
	for _, port := range []*string{&p.etcd, &p.etcdPeer, &p.apiserver, &p.controllerManager, &p.scheduler, &p.kwok} {
		address := loopback
		if port == &p.apiserver {
			address = bind
		}
		listener, number, err := listen(address)
		if err != nil {
			return ports{}, err
		}
		held = append(held, listener)
		*port = number
	}
	return p, nil
}

func listen(address string) (net.Listener, string, error) {
	for range 200 {
		port := strconv.Itoa(firstPort + rand.IntN(lastPort-firstPort))
		if listener, err := net.Listen("tcp", net.JoinHostPort(address, port)); err == nil {
			return listener, port, nil
		}
	}
	return nil, "", errors.New("finding a free port on " + address + ": 200 of those between 20000 and 32000 were taken")
}
