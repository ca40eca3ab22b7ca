# docker build .                                  the service with its bundled models
# docker build --build-arg PROFILE=light .        with the models of a profile baked in (needs a hub)
#
# The final stage never has torch: models are converted in a stage of their own.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
RUN python -m venv /opt/lur
COPY requirements/serve.lock requirements/build.lock requirements/
RUN /opt/lur/bin/pip install --require-hashes -r requirements/serve.lock \
 && /opt/lur/bin/pip uninstall --yes pip \
 && find /opt/lur -name __pycache__ -prune -exec rm -rf {} +

FROM ${PYTHON_IMAGE} AS models
ARG PROFILE=bundled
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONPATH=/app LUR_MODEL_CACHE=/models
WORKDIR /app
COPY requirements/ requirements/
COPY service/ service/
RUN mkdir -p /models
RUN if [ "$PROFILE" != bundled ]; then \
      python -m venv /opt/convert \
      && /opt/convert/bin/pip install --require-hashes -r requirements/serve.lock \
      && /opt/convert/bin/pip install --extra-index-url https://download.pytorch.org/whl/cpu \
           -r requirements/convert.lock \
      && /opt/convert/bin/python -m service.cli pull --profile "$PROFILE" \
      && rm -rf /models/hub /models/archives/*.zip /models/locks; \
    fi

FROM ${PYTHON_IMAGE}
ARG PROFILE=bundled
LABEL org.opencontainers.image.title="Lur" \
      org.opencontainers.image.description="Summaries of English articles, and translations" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 lur && useradd --uid 10001 --gid 10001 --no-create-home lur
COPY --from=packages /opt/lur /opt/lur
COPY model_cache/bundled /app/model_cache/bundled
COPY --from=models --chown=10001:10001 /models /var/lib/lur
COPY service/ /app/service/
ENV PATH=/opt/lur/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LUR_PROFILE=${PROFILE} LUR_MODEL_CACHE=/var/lib/lur LUR_HOST=0.0.0.0 LUR_PORT=8000
# Only an address that others can reach can be published, and who publishes the port decides who
# those are. Where that is everybody, LUR_API_KEYS_FILE names a mounted file of keys.
ENV LUR_OPEN=yes
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/lur
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["python", "-m", "service.cli"]
CMD ["serve"]
