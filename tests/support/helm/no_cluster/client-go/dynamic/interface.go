// Package dynamic reads what a cluster has.
package dynamic

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// Object has a resource's content.
type Object interface {
	UnstructuredContent() map[string]any
}

// ResourceInterface reads resources of a kind.
type ResourceInterface interface {
	Get(context.Context, string, metav1.GetOptions, ...string) (Object, error)
	List(context.Context, metav1.ListOptions) (Object, error)
}

// NamespaceableResourceInterface reads them of a namespace, too.
type NamespaceableResourceInterface interface {
	ResourceInterface
	Namespace(string) ResourceInterface
}

// Interface reads resources of all kinds.
type Interface interface {
	Resource(schema.GroupVersionResource) NamespaceableResourceInterface
}

// NewForConfig fails.
func NewForConfig(*rest.Config) (Interface, error) {
	return nil, errors.New("there is no cluster")
}
