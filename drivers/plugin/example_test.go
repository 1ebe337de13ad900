package plugin_test

import (
	"context"
	"fmt"
	"os"

	"github.com/anysms/anysms/drivers/memory"
	"github.com/anysms/anysms/drivers/plugin"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/provider/e164"
)

// A plugin's whole main function; memory.Driver stands for a driver of your own.
func ExampleServe() {
	main := func() { plugin.Serve(memory.Driver) }
	_ = main
}

// The host's side. The example's program is this test, which serves the memory
// driver when it is started as a plugin.
func ExampleNew() {
	program, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := plugin.New(plugin.Config{Path: program, Args: []string{"memory"}, Settings: []byte(`{"features": ["status"]}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	fmt.Println(p, p.Capabilities())
	m := &provider.Message{To: e164.MustParse("+306900000001"), Text: "Hello"}
	receipt, err := p.Send(context.Background(), m)
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := provider.ReadStatus(context.Background(), p, receipt.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(event.Status)
	// Output:
	// plugin memory features status
	// accepted
}

func ExampleInspect() {
	program, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	description, err := plugin.Inspect(context.Background(), plugin.Config{Path: program, Args: []string{"memory"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(description.Name, description.Protocol, len(description.Settings) > 0)
	// Output:
	// memory 1 true
}
