# SPDX-License-Identifier: Apache-2.0
"""JAX: jit, grad, random numbers, linear algebra, a small training loop."""

import os

import told

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
os.environ.setdefault("XLA_FLAGS", "--xla_gpu_deterministic_ops=true")
jax = told.need("jax")
jnp = told.need("jax.numpy")
numpy = told.need("numpy")


def tell(name, array):
    told.array(name, numpy.asarray(array))


def tell_near(name, array, rel=1e-3, absolute=1e-3):
    """XLA times several algorithms and takes the fastest: products may be TF32 in one run only."""
    told.near_array(name, numpy.asarray(array), rel, absolute)


def devices():
    found = jax.devices()
    if found[0].platform not in ("gpu", "cuda"):
        raise SystemExit(f"JAX found no GPU: {found}")
    told.value("devices", [str(device) for device in found])
    told.value("kind", found[0].device_kind)


def compiled():
    key = jax.random.PRNGKey(1)
    x = jax.random.normal(key, (256, 384))
    tell("random", x)
    tell("sin", jax.jit(lambda a: jnp.sin(a) * 2 + a)(x))
    tell_near("matmul", jax.jit(jnp.matmul)(x, x.T), 2e-3, 0.05)
    tell_near("matmul.bf16", jnp.matmul(x.astype(jnp.bfloat16), x.T.astype(jnp.bfloat16))
              .astype(jnp.float32), 1e-2, 0.2)
    tell_near("softmax", jax.jit(jax.nn.softmax)(x))
    tell("sort", jnp.sort(x, axis=1))
    tell_near("cumsum", jnp.cumsum(x, axis=1), 1e-4, 1e-4)
    tell_near("fft", jnp.abs(jnp.fft.fft(x[0])), 1e-4, 1e-4)
    square = x[:64, :64] + 16 * jnp.eye(64)
    tell_near("solve", jnp.linalg.solve(square, x[:64, 64]))
    kernel = jax.random.normal(key, (8, 4, 3, 3))
    image = jax.random.normal(key, (2, 4, 32, 32))
    tell_near("convolution", jax.jit(lambda i, k: jax.lax.conv(i, k, (1, 1), "SAME"))(image, kernel),
              2e-3, 0.05)


def gradient():
    def energy(x):
        return jnp.sum(jnp.tanh(x @ x.T) ** 2)

    x = jax.random.normal(jax.random.PRNGKey(2), (32, 32)) * 0.1
    tell_near("gradient", jax.jit(jax.grad(energy))(x))
    tell_near("vmap", jax.vmap(jax.grad(lambda v: jnp.sum(v ** 3)))(x))


def loop():
    total, last = jax.jit(lambda: jax.lax.fori_loop(
        0, 1000, lambda i, state: (state[0] + state[1] * i, (state[1] * 3 + 1) % 97), (0, 1)))()
    told.value("loop", [int(total), int(last)])


def training():
    keys = jax.random.split(jax.random.PRNGKey(3), 4)
    weights = [jax.random.normal(keys[0], (16, 32)) * 0.3, jax.random.normal(keys[1], (32, 1)) * 0.3]
    x = jax.random.normal(keys[2], (64, 16))
    y = jnp.sin(x.sum(1, keepdims=True))

    def loss(w):
        return jnp.mean((jnp.tanh(x @ w[0]) @ w[1] - y) ** 2)

    step = jax.jit(lambda w: (loss(w), [a - 0.1 * g for a, g in zip(w, jax.grad(loss)(w))]))
    losses = []
    for number in range(60):
        now, weights = step(weights)
        if number % 10 == 0:
            losses.append(float(now))
    told.near("losses", losses, 5e-3, 1e-3)


told.note("jax", jax.__version__)
devices()
compiled()
gradient()
loop()
training()
told.done()
