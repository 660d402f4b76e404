// SPDX-License-Identifier: Apache-2.0

// Package component is the controller of the three component kinds: SupersetWebWorker,
// SupersetAsyncWorker and SupersetAsyncScheduler. It owns the Deployment of a component and
// its status, and knows nothing of upgrades.
package component
