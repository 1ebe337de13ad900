// Package wire reads and writes SMPP 3.4 PDUs.
//
// Requests are written by gosmpp, with optional parameters after them in the
// order given. Reading is done here, because what other systems send must not
// be lost: gosmpp fails on an error response without a body, reads an
// unterminated id as none, keeps only one of repeated parameters, forgets the
// data_coding of a text that it does not know and drops a message whose user
// data header is damaged.
package wire
