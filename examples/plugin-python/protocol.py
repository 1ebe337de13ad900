"""The messages and methods of driver.proto, from its descriptors."""

import pathlib

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# In a project of your own: driver.binpb beside this file, from "anysms plugin proto --descriptors".
DESCRIPTORS = pathlib.Path(__file__).parent / "driver.binpb"
if not DESCRIPTORS.exists():
    DESCRIPTORS = pathlib.Path(__file__).parent / "../../drivers/plugin/internal/driverv1/driver.binpb"
PACKAGE = "anysms.driver.v1"

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes()).file:
    _pool.Add(_file)
if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and later
    _class = message_factory.GetMessageClass
else:
    _class = message_factory.MessageFactory(_pool).GetPrototype


def message(name):
    """The class of a message."""
    return _class(_pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))


def value(enum, name):
    """The number of an enum's value."""
    return _pool.FindEnumTypeByName(f"{PACKAGE}.{enum}").values_by_name[name].number


def handlers(methods):
    """Serves unary methods: name → function of request and context."""
    service = _pool.FindServiceByName(f"{PACKAGE}.Driver")
    table = {}
    for name, method in methods.items():
        request = _class(service.methods_by_name[name].input_type)
        table[name] = grpc.unary_unary_rpc_method_handler(
            method, request.FromString, lambda response: response.SerializeToString())
    return grpc.method_handlers_generic_handler(service.full_name, table)
