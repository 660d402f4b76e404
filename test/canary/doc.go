// SPDX-License-Identifier: Apache-2.0

// Package canary looks for known values of Secrets where they must not be: in the objects of a
// namespace (objects.go) and in etcd (etcd.go), in each encoding that programs use (value.go).
package canary
