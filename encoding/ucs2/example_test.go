package ucs2_test

import (
	"fmt"

	"github.com/anysms/anysms/encoding/ucs2"
)

func ExampleEncode() {
	octets, err := ucs2.Encode(nil, "é👋")
	fmt.Printf("% X %v\n", octets, err)
	_, err = ucs2.Encode(nil, "a\xff")
	fmt.Println(err)
	// Output:
	// 00 E9 D8 3D DC 4B <nil>
	// text is not valid UTF-8 at byte 1
}

// A damaged message can still be shown.
func ExampleDecode() {
	text, err := ucs2.Decode(nil, []byte{0x00, 'H', 0xD8, 0x3D, 0x00, 'i'})
	fmt.Printf("%s: %v\n", text, err)
	// Output: H�i: ucs2: lone surrogate 0xd83d at octet 2
}
