# docker build -t reid-cosam .
# docker run --rm -v reid-cosam:/work reid-cosam                        the demo; its output files stay in the volume
# docker run --rm -v reid-cosam:/work reid-cosam reid-cosam --help      any other command
#
# With GPUs; any image of Debian or Ubuntu with Python 3.11 to 3.13, or without Python, will do:
# docker build -t reid-cosam:cuda --build-arg BASE=nvidia/cuda:12.6.3-base-ubuntu24.04 .
# docker run --rm --gpus all --shm-size 8g -v /data:/data:ro -v reid-cosam:/work reid-cosam:cuda \
#     reid-cosam train data=mars data.root=/data/mars
#
# torch comes with CUDA; --build-arg PIP_EXTRA_INDEX_URL=... names an index of CPU builds, which are much smaller.
ARG BASE=python:3.11-slim
FROM ${BASE}

# For a base without Python, also what torch.compile needs to start kernels.
RUN python3 -c 'import ensurepip, venv' 2>/dev/null \
    || (apt-get update \
        && apt-get install -y --no-install-recommends python3 python3-dev python3-venv gcc libc6-dev \
        && rm -rf /var/lib/apt/lists/*)

ENV PATH=/opt/reid-cosam/bin:$PATH PYTHONUNBUFFERED=1
COPY pyproject.toml constraints.txt README.md LICENSE /source/
COPY conf /source/conf
COPY experiments /source/experiments
COPY src /source/src
ARG PIP_EXTRA_INDEX_URL=
RUN python3 -m venv /opt/reid-cosam \
    && pip install --no-cache-dir -c /source/constraints.txt '/source[video]' \
    && rm -r /source

RUN useradd --create-home reid && mkdir /work && chown reid: /work
USER reid
WORKDIR /work
CMD ["reid-cosam", "train", "experiment=quickstart"]
