// Package scheme has the versions of the interface that are known beforehand: none.
package scheme

import "k8s.io/apimachinery/pkg/runtime"

// Scheme is empty.
var Scheme = runtime.NewScheme()
