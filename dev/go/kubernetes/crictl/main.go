// crictl for kind nodes: the two calls that kind makes, over the same CRI socket as the real one.
//
// The real crictl lies in a module that the Go proxy refuses to serve (its go.mod replaces modules).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const (
	socket = "unix:///run/containerd/containerd.sock"
	limit  = 30 * time.Second
	usage  = "usage: crictl inspecti IMAGE | crictl images"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New(usage)
	}
	connection, err := grpc.NewClient(socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	images := cri.NewImageServiceClient(connection)
	switch arguments[0] {
	case "inspecti":
		return inspect(ctx, images, arguments[len(arguments)-1])
	case "images":
		return list(ctx, images)
	default:
		return fmt.Errorf("crictl %s: not supported; %s", arguments[0], usage)
	}
}

func inspect(ctx context.Context, images cri.ImageServiceClient, name string) error {
	reply, err := images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
	if err != nil {
		return err
	}
	if reply.Image == nil {
		return fmt.Errorf("no such image %q present", name)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"status": map[string]any{
		"id":          reply.Image.Id,
		"repoTags":    reply.Image.RepoTags,
		"repoDigests": reply.Image.RepoDigests,
		"size":        fmt.Sprint(reply.Image.Size),
		"pinned":      reply.Image.Pinned,
	}})
}

func list(ctx context.Context, images cri.ImageServiceClient) error {
	reply, err := images.ListImages(ctx, &cri.ListImagesRequest{})
	if err != nil {
		return err
	}
	for _, image := range reply.Images {
		fmt.Println(image.RepoTags, image.Id, image.Size)
	}
	return nil
}
