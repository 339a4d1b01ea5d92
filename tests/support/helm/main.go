// Renders a chart as `helm template RELEASE CHART --namespace NAMESPACE -f VALUES` does, by Helm's own engine. Besides,
// as `helm lint` does, it refuses a chart that is not valid in itself, and a value that a template asks for and nobody
// has given.
//
// The values come as JSON from the standard input; what is rendered leaves as JSON: a text for each template.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

func rendered(path, release, namespace, version string, given io.Reader) (map[string]string, error) {
	chart, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	if err := chart.Validate(); err != nil {
		return nil, err
	}
	kubernetes, err := chartutil.ParseKubeVersion(version)
	if err != nil {
		return nil, err
	}
	if !chartutil.IsCompatibleRange(chart.Metadata.KubeVersion, kubernetes.String()) {
		return nil, fmt.Errorf("the chart needs Kubernetes %s", chart.Metadata.KubeVersion)
	}
	values := map[string]any{}
	if err := json.NewDecoder(given).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *kubernetes
	options := chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
	// Coalesces the values with the chart's own, and holds them against its schema.
	all, err := chartutil.ToRenderValues(chart, values, options, capabilities)
	if err != nil {
		return nil, err
	}
	return engine.Engine{Strict: true}.Render(chart, all)
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: helm-render CHART RELEASE NAMESPACE KUBERNETES < VALUES")
		os.Exit(2)
	}
	texts, err := rendered(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
