import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { toasts } from "@/kit/toasts";

/** Lets a webhook happen again, as an event of its own. */
export function useAgain(arrival: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draft: boolean) => data(api.POST("/api/v1/arrivals/{arrival}/again", { params: { path: { arrival } }, body: { draft } })),
    onSuccess: (_, draft) => { toasts.done(draft ? "It happens again, in the draft" : "It happens again"); },
    onError: (error) => { toasts.failed("It did not happen again", error); },
    onSettled: () => void client.invalidateQueries({ queryKey: ["runs"] }),
  });
}
